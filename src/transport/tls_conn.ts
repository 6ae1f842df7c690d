// A TLS socket as a Conn: read on demand, so that a peer can't fill the memory of one that doesn't read.
// Must not resolve a write before the bytes are taken: their memory is used again.
import type { TLSSocket } from "node:tls";
import { type Conn, type Peer, SocketError } from "@gatehouse/vsock";
import { tlsError } from "./tls_error.ts";

export class TlsConn implements Conn {
  readonly peer: Peer;
  #failure: Error | undefined;
  #wake = () => {};

  /** @param address where it was dialed, for errors and for `peer` */
  constructor(private readonly socket: TLSSocket, private readonly address: string) {
    this.peer = { transport: "tcp", address };
    // Listening for "readable" reads ahead by no more than the stream's high-water mark. With pause() besides, a read
    // never wakes up.
    socket.on("readable", () => this.#wake());
    socket.on("end", () => this.#wake());
    socket.on("close", () => {
      if (!socket.readableEnded) this.#fail(new SocketError("ECONNRESET", address, `${address} is gone`));
    });
    socket.on("error", (error) => this.#fail(tlsError(error, address)));
  }

  async read(into: Uint8Array): Promise<number | null> {
    for (;;) {
      const available = Math.min(into.length, this.socket.readableLength);
      const chunk: Uint8Array | null = available > 0 ? this.socket.read(available) : null;
      if (chunk !== null) {
        into.set(chunk);
        return chunk.length;
      }
      if (this.#failure !== undefined) throw this.#failure;
      if (this.socket.readableEnded) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.socket.read(0); // asks for more
      });
    }
  }

  write(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      this.socket.write(bytes, (error) => {
        if (error) reject(this.#failure ?? tlsError(error, this.address));
        else resolve(bytes.length);
      });
    });
  }

  close(): void {
    this.#fail(new SocketError("ECONNABORTED", this.address, `the connection to ${this.address} was closed`));
    this.socket.destroy();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#wake();
  }
}
