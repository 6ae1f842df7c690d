// Length-prefixed messages: 1 byte compressed flag, 4 bytes big-endian length, message.
// (grpc/grpc doc/PROTOCOL-HTTP2.md.) Must never keep a view of received bytes, nor allocate what a prefix merely claims.
import { Buffer } from "node:buffer";
import { status } from "@grpc/grpc-js";
import { compress, decompress, type Encoding, worthCompressing } from "./compression.ts";
import { HELD_TOO_MUCH } from "./held_bytes.ts";
import { FIRST_MESSAGE_BUFFER_BYTES, MAX_SCRATCH_BYTES, USUAL_INFLATION } from "./limits.ts";
import { GrpcError } from "./status.ts";

export const PREFIX_BYTES = 5;
const FLAG_COMPRESSED = 1;
/** Deflate's most (RFC 1951: 258 bytes from 2 bits). */
const MAX_INFLATION = 1_032;

/** A message with its prefix, in an array of its own. Compresses when it is worth it. */
export function frameMessage(message: Uint8Array, encoding: Encoding = "identity"): Uint8Array {
  const compressed = encoding !== "identity" && worthCompressing(message.length);
  const body = compressed ? compress(message, encoding) : message;
  const length = body.length;
  const framed = Buffer.allocUnsafe(PREFIX_BYTES + length);
  framed[0] = compressed ? FLAG_COMPRESSED : 0;
  framed[1] = length >>> 24;
  framed[2] = length >>> 16;
  framed[3] = length >>> 8;
  framed[4] = length;
  framed.set(body, PREFIX_BYTES);
  return framed;
}

/** Shared: what is in it is copied into the output before anything else may use it. */
const scratch = new Uint8Array(PREFIX_BYTES + MAX_SCRATCH_BYTES);

/**
 * A plain message with its prefix, in memory that the next call uses again; undefined when it is too large for
 * that. The message is `bytes[0..length + PREFIX_BYTES)`.
 */
export function frameInScratch(message: Uint8Array): Uint8Array | undefined {
  const length = message.length;
  if (length > MAX_SCRATCH_BYTES) return undefined;
  scratch[0] = 0;
  scratch[1] = 0;
  scratch[2] = length >>> 16;
  scratch[3] = length >>> 8;
  scratch[4] = length;
  copy(message, 0, length, scratch, PREFIX_BYTES);
  return scratch;
}

/**
 * Cuts a stream's DATA into messages. Each message is copied once, out of the connection's read buffer:
 * decoded `bytes` fields are views of it and live as long as a handler wants.
 */
export class MessageReader {
  #head = 0; // prefix bytes seen of the message at hand
  #flag = 0;
  #length = 0;
  #body: Buffer | undefined; // present once the prefix is whole
  #filled = 0;

  /**
   * @param lazily compressed messages come as they are; `inflate` opens them when they are wanted
   * @param held where what it reads is counted: a message is inflated no further than there is room
   */
  constructor(
    private readonly maxBytes: number,
    private encoding: Encoding = "identity",
    private readonly lazily = false,
    private readonly held?: { readonly roomBytes: number },
  ) {}

  /** The message that `next` gave last is compressed still. */
  compressed = false;

  /** Bytes that decompression made beyond USUAL_INFLATION, since whoever counts them set this to 0. */
  excessBytes = 0;

  setEncoding(encoding: Encoding): void {
    this.encoding = encoding;
  }

  /** True between messages: the peer may end its stream here. */
  get idle(): boolean {
    return this.#head === 0;
  }

  /** Bytes allocated for the message at hand. */
  get heldBytes(): number {
    return this.#body === undefined ? 0 : this.#body.length;
  }

  /**
   * Takes from `chunk` at `at`. Call `next` until it gives undefined, which means the chunk is used up;
   * `position` says where it stands.
   * @throws GrpcError RESOURCE_EXHAUSTED past the limit, INTERNAL on a bad flag or broken compression
   */
  next(chunk: Uint8Array): Buffer | undefined {
    let at = this.position;
    const end = chunk.length;
    if (this.#body === undefined) {
      while (this.#head < PREFIX_BYTES) {
        if (at === end) {
          this.position = 0;
          return undefined;
        }
        const byte = chunk[at++];
        if (this.#head++ === 0) this.#begin(byte);
        else this.#length = this.#length * 256 + byte;
      }
      this.#checkLength();
      const whole = at + this.#length;
      this.#body = Buffer.allocUnsafe(
        whole <= end ? this.#length : Math.min(this.#length, Math.max(FIRST_MESSAGE_BUFFER_BYTES, end - at)),
      );
    }
    const take = Math.min(this.#length - this.#filled, end - at);
    this.#reserve(this.#filled + take);
    copy(chunk, at, take, this.#body, this.#filled);
    this.#filled += take;
    this.position = at + take;
    if (this.#filled < this.#length) {
      this.position = 0;
      return undefined;
    }
    return this.#finish();
  }

  /** Where the next message begins in the chunk at hand. */
  position = 0;

  #begin(flag: number): void {
    if (flag > FLAG_COMPRESSED) {
      throw new GrpcError(status.INTERNAL, `Received message with an unknown compressed flag (${flag})`);
    }
    this.#flag = flag;
    this.#length = 0;
  }

  #checkLength(): void {
    if (this.#length > this.maxBytes) {
      throw new GrpcError(
        status.RESOURCE_EXHAUSTED,
        `Received message larger than max (${this.#length} vs ${this.maxBytes})`,
      );
    }
  }

  #reserve(bytes: number): void {
    const body = this.#body as Buffer;
    if (bytes <= body.length) return;
    const larger = Buffer.allocUnsafe(Math.min(this.#length, Math.max(bytes, body.length * 2)));
    larger.set(body.subarray(0, this.#filled));
    this.#body = larger;
  }

  #finish(): Buffer {
    const body = this.#body as Buffer;
    const compressed = this.#flag === FLAG_COMPRESSED;
    this.#body = undefined;
    this.#head = 0;
    this.#filled = 0;
    this.compressed = compressed && this.lazily;
    return compressed && !this.lazily ? this.inflate(body) : body;
  }

  /** @throws GrpcError as decompress, and RESOURCE_EXHAUSTED when there is no room to hold so much */
  inflate(body: Buffer): Buffer {
    // A message that breaks off, or passes the limit, may have grown that far.
    // The body itself may be among what is held, and is given up for the message.
    const room = Math.max(0, (this.held?.roomBytes ?? Infinity) + body.length);
    const most = Math.min(this.maxBytes, room);
    let bytes = Math.min(most, body.length * MAX_INFLATION);
    try {
      const message = decompress(body, this.encoding, most);
      bytes = message.length;
      return message;
    } catch (error) {
      const full = most < this.maxBytes && (error as GrpcError).code === status.RESOURCE_EXHAUSTED;
      throw full ? new GrpcError(status.RESOURCE_EXHAUSTED, HELD_TOO_MUCH) : error;
    } finally {
      this.excessBytes += Math.max(0, bytes - body.length * USUAL_INFLATION);
    }
  }
}

/** Below this a byte loop beats the making of a view. */
const LOOP_COPY_BYTES = 64;

function copy(from: Uint8Array, at: number, length: number, to: Uint8Array, toAt: number): void {
  if (length > LOOP_COPY_BYTES) {
    to.set(from.subarray(at, at + length), toAt);
    return;
  }
  for (let i = 0; i < length; i++) to[toAt + i] = from[at + i];
}
