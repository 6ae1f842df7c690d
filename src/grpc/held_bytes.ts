// Counts what a server holds for its peers: requests that are not whole yet or not yet handled, and responses
// that wait for a peer to read. Must never be consulted for a connection that holds little: small calls go on
// beside an attack.
import { HELD_FREE_BYTES, MAX_HELD_BYTES, MAX_HELD_BYTES_PER_CONNECTION } from "./limits.ts";

/** All connections of one server together. */
export interface TotalHeld {
  bytes: number;
}

/** One connection's share. */
export class HeldBytes {
  #requests = 0;
  #responses = 0;

  constructor(private readonly total: TotalHeld) {}

  /** Takes `bytes` for a request; false when there is no room, and then nothing is taken. A negative number gives back. */
  holdRequest(bytes: number): boolean {
    if (bytes > 0 && !this.hasRoom(bytes)) return false;
    this.#requests += bytes;
    this.total.bytes += bytes;
    return true;
  }

  /** What now waits to be read by the peer. */
  setResponses(bytes: number): void {
    this.total.bytes += bytes - this.#responses;
    this.#responses = bytes;
  }

  /** Whether so many more may be held. */
  hasRoom(bytes: number): boolean {
    const own = this.#requests + this.#responses + bytes;
    if (own <= HELD_FREE_BYTES) return true;
    return own <= MAX_HELD_BYTES_PER_CONNECTION && this.total.bytes + bytes <= MAX_HELD_BYTES;
  }

  /** The connection is over. */
  release(): void {
    this.total.bytes -= this.#requests + this.#responses;
    this.#requests = this.#responses = 0;
  }
}
