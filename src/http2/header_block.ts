// A header block in pieces: HEADERS and the CONTINUATION frames after it (RFC 9113 section 4.3).
// Must never keep more than MAX_HEADER_BLOCK_BYTES, nor count past MAX_CONTINUATION_FRAMES.
import { MAX_CONTINUATION_FRAMES, MAX_HEADER_BLOCK_BYTES } from "./limits.ts";

/** The block that is being received, if any. */
export class HeaderBlock {
  /** 0: none. */
  streamId = 0;
  endStream = false;
  selfDependent = false;
  sinceMs = 0;
  bytes: Uint8Array = new Uint8Array(0);
  length = 0;
  #frames = 0;

  begin(streamId: number, endStream: boolean, selfDependent: boolean, nowMs: number): void {
    this.streamId = streamId;
    this.endStream = endStream;
    this.selfDependent = selfDependent;
    this.sinceMs = nowMs;
    this.length = 0;
    this.#frames = 0;
  }

  /** Adds one frame's part. Returns the name of the limit that it passes, empty if none. */
  add(from: Uint8Array, start: number, end: number): string {
    if (this.#frames++ > MAX_CONTINUATION_FRAMES) return "too_many_continuations";
    const length = this.length + end - start;
    if (length > MAX_HEADER_BLOCK_BYTES) return "header_block_too_large";
    if (length > this.bytes.length) {
      const grown = new Uint8Array(Math.min(MAX_HEADER_BLOCK_BYTES, length * 2));
      grown.set(this.bytes.subarray(0, this.length));
      this.bytes = grown;
    }
    this.bytes.set(from.subarray(start, end), this.length);
    this.length = length;
    return "";
  }

  /** The block was used; its memory goes. */
  finish(): void {
    this.streamId = 0;
    this.length = 0;
    this.bytes = new Uint8Array(0);
  }
}
