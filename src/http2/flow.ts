// The receiving side of flow control (RFC 9113 section 5.2), for a stream or the connection.
// Must never announce more than its size: the size is the memory that the peer can pin.

/** Updates wait until this part of the window is consumed: few frames, and never an empty window. */
const UPDATE_AT = 0.5;

/** Counts what the peer may still send. */
export class ReceiveWindow {
  #availableBytes: number;
  #owedBytes = 0;

  /** @param sizeBytes what the peer may send before anything is consumed */
  constructor(public sizeBytes: number) {
    this.#availableBytes = sizeBytes;
  }

  /**
   * Received `bytes`, padding included. False: the peer sent more than it may (FLOW_CONTROL_ERROR). Nothing is
   * never more, though a window may be below 0 (RFC 9113 sections 6.9.1, 6.9.2).
   */
  receive(bytes: number): boolean {
    this.#availableBytes -= bytes;
    return this.#availableBytes >= 0 || bytes === 0;
  }

  /** Consumed `bytes`; returns the increment to announce now, 0 for none yet. */
  consume(bytes: number): number {
    const owed = this.#owedBytes + bytes;
    if (owed < this.sizeBytes * UPDATE_AT) {
      this.#owedBytes = owed;
      return 0;
    }
    this.#owedBytes = 0;
    this.#availableBytes += owed;
    return owed;
  }

  /** Changes the size as our SETTINGS take effect (section 6.9.2); what is available may go below 0. */
  resize(sizeBytes: number): void {
    this.#availableBytes += sizeBytes - this.sizeBytes;
    this.sizeBytes = sizeBytes;
  }
}
