// Counts what a server holds for its peers: requests until their handler has ended, responses that wait for a peer
// to read, and open calls themselves. Must never be consulted for a connection that holds little: small calls go on
// beside an attack.
import {
  FREE_CALLS,
  HELD_FREE_BYTES,
  MAX_HELD_BYTES,
  MAX_HELD_BYTES_PER_CONNECTION,
  OPEN_CALL_BYTES,
} from "./limits.ts";

/** What a call is told that ends for want of room. */
export const HELD_TOO_MUCH =
  "The server holds too many unfinished requests and unread responses; try again later";

/** All connections of one server together. */
export interface TotalHeld {
  bytes: number;
}

/** One connection's share. */
export class HeldBytes {
  #requests = 0;
  /** Responses and the open calls. */
  #output = 0;
  #released = false;

  constructor(private readonly total: TotalHeld) {}

  /** Takes `bytes` for a request; false when there is no room, and then nothing is taken. A negative number gives back. */
  holdRequest(bytes: number): boolean {
    if (bytes > 0 && !this.hasRoom(bytes)) return false;
    this.keepRequest(bytes);
    return true;
  }

  /** Takes or gives back `bytes` whatever else is held: the handler has the request already. */
  keepRequest(bytes: number): void {
    if (this.#released) return;
    this.#requests += bytes;
    this.total.bytes += bytes;
  }

  /** @param responseBytes that now wait to be read by the peer */
  setOutput(responseBytes: number, openCalls: number): void {
    if (this.#released) return;
    const bytes = responseBytes + (openCalls > FREE_CALLS ? (openCalls - FREE_CALLS) * OPEN_CALL_BYTES : 0);
    this.total.bytes += bytes - this.#output;
    this.#output = bytes;
  }

  /** Whether so many more may be held. */
  hasRoom(bytes: number): boolean {
    return bytes <= this.roomBytes;
  }

  /** How many more may be held; below 0 when handlers keep more than that. */
  get roomBytes(): number {
    const own = this.#requests + this.#output;
    const shared = Math.min(MAX_HELD_BYTES_PER_CONNECTION - own, MAX_HELD_BYTES - this.total.bytes);
    return Math.max(HELD_FREE_BYTES - own, shared);
  }

  /** The connection is over: handlers that run on count no more, since nothing says that they ever end. */
  release(): void {
    this.total.bytes -= this.#requests + this.#output;
    this.#requests = this.#output = 0;
    this.#released = true;
  }
}
