// One stream's state (RFC 9113 section 5.1) and what it has to send.
// Must never decide: core.ts, inbound.ts and outbound.ts move it.
//
//   idle --HEADERS--> open --remoteEnded--> half-closed (remote) --endSent--> gone
//                     open --endSent-----> half-closed (local)  --remoteEnded--> gone
//                     any of them --RST_STREAM either way--> gone
import type { HeaderList } from "./events.ts";
import type { ReceiveWindow } from "./flow.ts";

/** Where a stream with something to send waits. */
export const Wait = { NOWHERE: 0, READY: 1, CONNECTION_WINDOW: 2, STREAM_WINDOW: 3 } as const;

/** A stream that is not gone. */
export class Stream {
  /** The peer sent END_STREAM. */
  remoteEnded = false;
  /** END_STREAM is queued or sent: the application can send no more. */
  localEnded = false;
  /** END_STREAM is in the output. */
  endSent = false;
  /** The final header section came (peer) or was queued (local). */
  headersReceived = false;
  headersSent = false;
  informational = 0;

  /** What content-length promised, -1: nothing. */
  contentLength = -1;
  receivedBytes = 0;
  /** Client: the answer has no body whatever content-length says (HEAD, 204, 304). */
  bodyless = false;
  /** Received and not yet consumed; given back to the connection when the stream goes. */
  unconsumedBytes = 0;

  /** DATA chunks and header lists in order, from `queueAt`; `headOffset` bytes of the first are sent. */
  readonly queue: (Uint8Array | HeaderList)[] = [];
  queueAt = 0;
  headOffset = 0;
  queuedBytes = 0;
  /** sendData returned false. */
  backedOff = false;
  /** RST_STREAM with this code follows END_STREAM; -1: none. */
  resetAfterEnd = -1;

  wait: number = Wait.NOWHERE;
  next: Stream | undefined;
  previous: Stream | undefined;
  /** Since when the queue is not empty; -1: it is empty or no tick has seen it. */
  stallSinceMs = -1;
  stallSentBytes = 0;

  constructor(readonly id: number, public sendWindowBytes: number, readonly receiveWindow: ReceiveWindow) {}

  get hasQueue(): boolean {
    return this.queueAt < this.queue.length;
  }

  clearQueue(): void {
    this.queue.length = 0;
    this.queueAt = 0;
    this.headOffset = 0;
    this.queuedBytes = 0;
  }
}

/** Streams in order of their turn. Intrusive and doubly linked: a stream is in one list at most, and leaves it at once when it goes. */
export class StreamList {
  #first: Stream | undefined;
  #last: Stream | undefined;

  get first(): Stream | undefined {
    return this.#first;
  }

  push(stream: Stream): void {
    stream.next = undefined;
    stream.previous = this.#last;
    if (this.#last === undefined) this.#first = stream;
    else this.#last.next = stream;
    this.#last = stream;
  }

  remove(stream: Stream): void {
    if (stream.previous === undefined) this.#first = stream.next;
    else stream.previous.next = stream.next;
    if (stream.next === undefined) this.#last = stream.previous;
    else stream.next.previous = stream.previous;
    stream.next = undefined;
    stream.previous = undefined;
  }
}
