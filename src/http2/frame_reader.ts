// Cuts a byte stream into frames, wherever the transport split it.
// Must never copy a byte twice, nor wait for the payload of a frame that is too large.
import { FRAME_HEADER_BYTES, readU24, readU31 } from "./frame.ts";

/** Room for the rest of a read that ended inside a small frame. */
const FIRST_PENDING_BYTES = 512;

/** push() a read, then next() until it is false; the fields describe the current frame. */
export class FrameReader {
  type = 0;
  flags = 0;
  streamId = 0;
  /** Payload length in bytes as the header says. */
  length = 0;
  /** The frame is larger than allowed and has no payload here: a connection error. */
  tooLarge = false;
  /** The payload is `bytes[start..end)`, valid until the next call. */
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;

  #input: Uint8Array = this.bytes;
  #at = 0;
  #pending: Uint8Array = this.bytes;
  #pendingLength = 0;

  /** @param maxFrameBytes our SETTINGS_MAX_FRAME_SIZE */
  constructor(readonly maxFrameBytes: number) {}

  /** The next read; all of the one before has been taken by next(). */
  push(input: Uint8Array, from: number): void {
    this.#input = input;
    this.#at = from;
  }

  /** False when the rest of the read is less than a frame. */
  next(): boolean {
    if (this.#pendingLength > 0) return this.#nextOfPending();
    const at = this.#at;
    const rest = this.#input.length - at;
    if (rest < FRAME_HEADER_BYTES) {
      if (rest > 0) this.#keep(FRAME_HEADER_BYTES);
      return false;
    }
    this.#header(this.#input, at);
    if (this.tooLarge) return true;
    const size = FRAME_HEADER_BYTES + this.length;
    if (rest < size) {
      this.#keep(size);
      return false;
    }
    this.bytes = this.#input;
    this.start = at + FRAME_HEADER_BYTES;
    this.end = this.#at = at + size;
    return true;
  }

  #nextOfPending(): boolean {
    if (this.#pendingLength < FRAME_HEADER_BYTES && !this.#keep(FRAME_HEADER_BYTES)) return false;
    this.#header(this.#pending, 0);
    if (this.tooLarge) return true;
    const size = FRAME_HEADER_BYTES + this.length;
    if (this.#pendingLength < size && !this.#keep(size)) return false;
    this.bytes = this.#pending;
    this.start = FRAME_HEADER_BYTES;
    this.end = size;
    this.#pendingLength = 0;
    return true;
  }

  #header(bytes: Uint8Array, at: number): void {
    this.length = readU24(bytes, at);
    this.type = bytes[at + 3];
    this.flags = bytes[at + 4];
    this.streamId = readU31(bytes, at + 5);
    this.tooLarge = this.length > this.maxFrameBytes;
  }

  /** Moves input to the pending bytes until those are `size`; false if the input did not reach. */
  #keep(size: number): boolean {
    const take = Math.min(size - this.#pendingLength, this.#input.length - this.#at);
    if (this.#pending.length < size) {
      const grown = new Uint8Array(Math.max(size, FIRST_PENDING_BYTES));
      grown.set(this.#pending.subarray(0, this.#pendingLength));
      this.#pending = grown;
    }
    if (take > 0) this.#pending.set(this.#input.subarray(this.#at, this.#at + take), this.#pendingLength);
    this.#pendingLength += take;
    this.#at += take;
    return this.#pendingLength === size;
  }
}
