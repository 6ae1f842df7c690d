// What a call sends: messages in their order, kept as long as the call may have to be repeated.
// Must never keep more than MAX_REPLAY_BYTES of what is sent already, nor leave a sender without its word.
import type { ClientConnection } from "./client_connection.ts";
import { MAX_REPLAY_BYTES } from "./limits.ts";

interface Outgoing {
  readonly bytes: Uint8Array;
  /** Tells the caller that the next may come; undefined once told. */
  sent: (() => void) | undefined;
}

const EMPTY = new Uint8Array(0);

export class ClientOutbox {
  /** The caller sends no more. */
  halfClosed = false;
  /** The end is on the stream. */
  endSent = false;
  /** The stream said: back off. */
  blocked = false;
  /** All that was sent is still here, and the server has said nothing. */
  repeatable = true;
  /** Those before #next are on this stream. */
  #messages: Outgoing[] = [];
  #next = 0;
  #bytes = 0;
  #dropped = false;

  push(bytes: Uint8Array, sent: (() => void) | undefined): void {
    this.#messages.push({ bytes, sent });
    this.#bytes += bytes.length;
    if (this.#bytes > MAX_REPLAY_BYTES) this.commit();
  }

  /** Sends what the stream takes now. */
  pump(connection: ClientConnection, streamId: number): void {
    while (!this.blocked && this.#next < this.#messages.length) {
      const message = this.#messages[this.#next++];
      const last = this.halfClosed && this.#next === this.#messages.length;
      this.endSent = last;
      this.blocked = !connection.send(streamId, message.bytes, last);
      if (this.blocked) break;
      this.#forget();
      acknowledge(message);
    }
    // Whoever was told may have ended the call.
    if (this.#dropped || !this.halfClosed || this.endSent || this.#next < this.#messages.length) return;
    this.endSent = true;
    connection.send(streamId, EMPTY, true);
  }

  /** The stream takes data again; `pump` goes on. */
  unblock(): void {
    this.blocked = false;
    if (this.#next > 0) acknowledge(this.#messages[this.#next - 1]);
  }

  /** From here on the call can't be repeated: what was sent needn't be kept. */
  commit(): void {
    this.repeatable = false;
    this.#forget();
  }

  /** All again, on another stream. That happens once. */
  rewind(): void {
    this.repeatable = false;
    this.#next = 0;
    this.endSent = false;
    this.blocked = false;
  }

  /** The call is over: senders that still wait are told, nothing more goes out. */
  drop(): void {
    this.#dropped = true;
    const unsent = this.#messages;
    this.#messages = [];
    this.#next = 0;
    unsent.forEach(acknowledge);
  }

  #forget(): void {
    // While blocked, the last sent entry still owes its `sent`.
    const done = this.blocked ? this.#next - 1 : this.#next;
    if (this.repeatable || done <= 0) return;
    // Most often that is all there is, and splice would make an array of it.
    if (done === this.#messages.length) this.#messages.length = 0;
    else this.#messages.splice(0, done);
    this.#next -= done;
  }
}

function acknowledge(message: Outgoing): void {
  const { sent } = message;
  message.sent = undefined;
  sent?.();
}
