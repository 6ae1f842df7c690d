// Frames packed one after the other, to be written at once.
// Must never shrink or move while a view of it is being written: output.ts swaps two of them.
import { FRAME_HEADER_BYTES, writeFrameHeader } from "./frame.ts";

const FIRST_BYTES = 1_024;

/** An append-only buffer with room made on demand. */
export class FrameBuffer {
  bytes: Uint8Array = new Uint8Array(0);
  length = 0;

  /** Writes a frame header, makes room for its payload, and returns the payload's offset in `bytes`. */
  frame(payloadBytes: number, type: number, flags: number, streamId: number): number {
    const at = this.length;
    const end = at + FRAME_HEADER_BYTES + payloadBytes;
    if (end > this.bytes.length) this.#grow(end);
    writeFrameHeader(this.bytes, at, payloadBytes, type, flags, streamId);
    this.length = end;
    return at + FRAME_HEADER_BYTES;
  }

  append(bytes: Uint8Array): void {
    const end = this.length + bytes.length;
    if (end > this.bytes.length) this.#grow(end);
    this.bytes.set(bytes, this.length);
    this.length = end;
  }

  /** Puts `other` before what is here, and empties it. */
  prepend(other: FrameBuffer): void {
    const end = this.length + other.length;
    if (end > this.bytes.length) this.#grow(end);
    this.bytes.copyWithin(other.length, 0, this.length);
    this.bytes.set(other.bytes.subarray(0, other.length), 0);
    this.length = end;
    other.length = 0;
  }

  #grow(needed: number): void {
    let size = Math.max(this.bytes.length, FIRST_BYTES);
    while (size < needed) size *= 2;
    const grown = new Uint8Array(size);
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }
}
