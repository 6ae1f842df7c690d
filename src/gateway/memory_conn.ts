// Two Conns joined in memory, the gateway's way into the agent's own server: a write waits until the other end reads.
// Must never keep a byte of its own: what is written is copied once, into the reader's buffer.
import type { Conn, Peer } from "../grpc/conn.ts";

/** One direction: at most one read and one write wait, as the driver of a connection has it. */
class Handover {
  #offered: { readonly bytes: Uint8Array; readonly taken: (length: number) => void } | undefined;
  #wanted: { readonly into: Uint8Array; readonly filled: (length: number | null) => void } | undefined;
  #closed = false;

  write(bytes: Uint8Array): Promise<number> {
    if (this.#closed) return Promise.reject(new Error("the connection in memory was closed"));
    const wanted = this.#wanted;
    if (wanted === undefined) {
      return new Promise((resolve, reject) => {
        this.#offered = {
          bytes,
          taken: (length) =>
            length > 0 ? resolve(length) : reject(new Error("the connection in memory was closed")),
        };
      });
    }
    this.#wanted = undefined;
    const length = copy(bytes, wanted.into);
    wanted.filled(length);
    return Promise.resolve(length);
  }

  read(into: Uint8Array): Promise<number | null> {
    const offered = this.#offered;
    if (offered === undefined) {
      if (this.#closed) return Promise.resolve(null);
      return new Promise((resolve) => this.#wanted = { into, filled: resolve });
    }
    this.#offered = undefined;
    const length = copy(offered.bytes, into);
    offered.taken(length);
    return Promise.resolve(length);
  }

  close(): void {
    this.#closed = true;
    this.#wanted?.filled(null);
    this.#offered?.taken(0);
    this.#wanted = this.#offered = undefined;
  }
}

/** @returns the caller's end, and the server's, whose peer is `peer` */
export function memoryConns(peer: Peer): [caller: Conn, server: Conn] {
  const up = new Handover();
  const down = new Handover();
  const close = () => {
    up.close();
    down.close();
  };
  const end = (from: Handover, to: Handover): Conn => ({
    peer,
    read: (into) => from.read(into),
    write: (bytes) => to.write(bytes),
    close,
  });
  return [end(down, up), end(up, down)];
}

function copy(from: Uint8Array, to: Uint8Array): number {
  const length = Math.min(from.length, to.length);
  to.set(from.length === length ? from : from.subarray(0, length));
  return length;
}
