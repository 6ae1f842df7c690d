// A Deno.Conn as a Conn: knows its peer, caps writes, closes once.
// read() and write() hand on Deno's own promise; they must add none.
import type { Conn, Peer } from "./types.ts";

export interface SocketConnOptions {
  /** No single write hands more than this to the kernel. */
  readonly maxWriteBytes?: number;
  /** False where the transport can't end one direction alone. */
  readonly halfClose?: boolean;
  /** Called once, when the socket is closed and the kernel has it back. */
  readonly onGone?: () => void;
}

/** The Conn of every transport. */
export class SocketConn implements Conn {
  readonly peer: Peer;
  readonly closeWrite?: () => Promise<void>;
  readonly #socket: Deno.Conn;
  readonly #maxWriteBytes: number;
  readonly #onGone: (() => void) | undefined;
  #lastWrite: Promise<number> | undefined;
  #closed = false;

  constructor(socket: Deno.Conn, peer: Peer, options: SocketConnOptions = {}) {
    this.#socket = socket;
    this.peer = peer;
    this.#maxWriteBytes = options.maxWriteBytes ?? Infinity;
    this.#onGone = options.onGone;
    if (options.halfClose !== false) this.closeWrite = () => socket.closeWrite();
  }

  read(into: Uint8Array): Promise<number | null> {
    return this.#socket.read(into);
  }

  write(bytes: Uint8Array): Promise<number> {
    const capped = bytes.length > this.#maxWriteBytes ? bytes.subarray(0, this.#maxWriteBytes) : bytes;
    return this.#lastWrite = this.#socket.write(capped);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
    if (!this.#onGone) return;
    // Deno can't cancel a write: the descriptor lives on until the peer reads or
    // goes. Whoever counts connections must count this one until then.
    const gone = this.#onGone;
    if (this.#lastWrite) this.#lastWrite.then(gone, gone);
    else gone();
  }
}
