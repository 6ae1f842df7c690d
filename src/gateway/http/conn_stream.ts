// A Conn as the Duplex that node:http serves: reads while they are wanted, writes whole, closes when both are done.
// Must never throw nor emit an error: a transport that fails is a client that has gone.
import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import type { Conn } from "../../grpc/conn.ts";
import { LINGER_MS } from "../../grpc/limits.ts";
import { MAX_DISCARDED_BYTES, MAX_JOINED_BYTES, MAX_PIECE_BYTES, READ_BUFFER_BYTES } from "./limits.ts";

interface Piece {
  chunk: Buffer;
}

export class ConnStream extends Duplex {
  /** Of the client's bytes, so far. */
  receivedBytes = 0;
  /** Of ours that the transport took, so far. */
  sentBytes = 0;
  readonly #buffer = new Uint8Array(READ_BUFFER_BYTES);
  #reading = false;
  /** What comes is thrown away; so many bytes more are. */
  #discardBytes: number | undefined;
  #linger: ReturnType<typeof setTimeout> | undefined;

  /** @param onReceived after each read, before its bytes are handed on */
  constructor(private readonly conn: Conn, private readonly onReceived: () => void) {
    super({ readableHighWaterMark: READ_BUFFER_BYTES, writableHighWaterMark: READ_BUFFER_BYTES });
  }

  /** Nothing more of the client is looked at. */
  discard(): void {
    this.#discardBytes ??= MAX_DISCARDED_BYTES;
    this._read();
  }

  override _read(): void {
    if (this.#reading || this.destroyed || this.readableEnded) return;
    this.#reading = true;
    void this.#readOnce();
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    void this.#send([chunk], done);
  }

  override _writev(pieces: Piece[], done: () => void): void {
    void this.#send(joined(pieces), done);
  }

  /** All is sent: the client has a moment to read it, then this is over. */
  override _final(done: () => void): void {
    done();
    this.discard();
    this.#linger = setTimeout(() => this.destroy(), LINGER_MS);
  }

  override _destroy(_error: Error | null, done: () => void): void {
    clearTimeout(this.#linger);
    this.conn.close();
    done();
  }

  async #readOnce(): Promise<void> {
    try {
      const length = await this.conn.read(this.#buffer);
      this.#reading = false;
      if (this.destroyed) return;
      if (length === null) return this.#ended();
      this.receivedBytes += length;
      if (this.#discardBytes !== undefined) return this.#discarded(length);
      this.onReceived();
      this.#handOn(this.#buffer.subarray(0, length));
    } catch {
      this.destroy();
    }
  }

  /** In pieces, between which the connection may turn out to be over: a piece holds so many requests and no more. */
  #handOn(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += MAX_PIECE_BYTES) {
      if (this.destroyed || this.#discardBytes !== undefined) return;
      // A parser keeps parts of what it was given; the buffer is for the next read.
      this.push(Buffer.from(bytes.subarray(at, at + MAX_PIECE_BYTES)));
    }
  }

  /** A client that closes its half has gone: what it asked for is not to be done for nobody. */
  #ended(): void {
    if (this.#discardBytes !== undefined) this.destroy();
    else this.push(null);
  }

  #discarded(length: number): void {
    this.#discardBytes = (this.#discardBytes ?? 0) - length;
    if (this.#discardBytes > 0) this._read();
    else this.destroy();
  }

  async #send(chunks: readonly Buffer[], done: () => void): Promise<void> {
    try {
      for (const chunk of chunks) {
        for (let at = 0; at < chunk.length && !this.destroyed;) {
          const written = await this.conn.write(at === 0 ? chunk : chunk.subarray(at));
          at += written;
          this.sentBytes += written;
        }
      }
    } catch {
      this.destroy();
    }
    done();
  }
}

/** Small ones in one piece: an answer's head and body in one packet. */
function joined(pieces: readonly Piece[]): Buffer[] {
  const chunks = pieces.map(({ chunk }) => chunk);
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  return length <= MAX_JOINED_BYTES ? [Buffer.concat(chunks, length)] : chunks;
}
