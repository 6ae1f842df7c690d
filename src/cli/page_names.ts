// Which browsers `gatehouse page` passes on: those that name this machine in their first request.
// Must never let a name through that DNS gives: a page whose name was made to point here would call with our rights, and
// a gateway behind TLS sees our certificate and takes it that the name was checked.
import type { Conn, Listener } from "@gatehouse/vsock";
import { isAddressOrLocalhost } from "../gateway/browser_safety.ts";

/** Of the first request's line and headers: what the gateway reads by default (limits.header_list_bytes). */
const MAX_HEAD_BYTES = 16 * 1024;
const HEAD_END = "\r\n\r\n";
const HOST = /^host:[ \t]*([^ \t:[\]]+|\[[^ \t[\]]+\])(?::\d*)?[ \t]*$/i;

const MESSAGE = "this name isn't known here (DNS rebinding): call by 127.0.0.1, [::1] or localhost";
const BODY = JSON.stringify({ code: 7, message: MESSAGE, details: [] });
const MISDIRECTED = new TextEncoder().encode(
  `HTTP/1.1 421 Misdirected Request\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\n` +
    `connection: close\r\n\r\n${BODY}`,
);

/** The same listener, whose connections fail when they are read and their first request is by another name. */
export function namedHere(listener: Listener): Listener {
  return {
    address: listener.address,
    close: () => listener.close(),
    async *[Symbol.asyncIterator]() {
      for await (const conn of listener) yield new NamedConn(conn);
    },
  };
}

/**
 * A browser keeps a connection for one origin, so its first request speaks for all. A program that isn't a browser may
 * say what it likes: nobody leads it here by a name.
 */
class NamedConn implements Conn {
  readonly closeWrite?: () => Promise<void>;
  /** Read and not yet given on; undefined before the first read. */
  #head: Uint8Array | undefined;

  constructor(private readonly conn: Conn) {
    this.closeWrite = conn.closeWrite && (() => conn.closeWrite?.() ?? Promise.resolve());
  }

  get peer() {
    return this.conn.peer;
  }

  async read(into: Uint8Array): Promise<number | null> {
    this.#head ??= await this.#checkedHead();
    if (this.#head.length === 0) return await this.conn.read(into);
    const length = Math.min(this.#head.length, into.length);
    into.set(this.#head.subarray(0, length));
    this.#head = this.#head.slice(length);
    return length;
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.conn.write(bytes);
  }

  close(): void {
    this.conn.close();
  }

  /** @throws Error when its request is told to go elsewhere */
  async #checkedHead(): Promise<Uint8Array> {
    const bytes = new Uint8Array(MAX_HEAD_BYTES);
    let length = 0;
    for (;;) {
      const read = await this.conn.read(bytes.subarray(length));
      if (read === null) return new Uint8Array(0); // it has gone, as the next read finds
      length += read;
      const head = new TextDecoder("latin1").decode(bytes.subarray(0, length));
      if (head.includes(HEAD_END)) {
        if (isNamedHere(head.slice(0, head.indexOf(HEAD_END)))) return bytes.subarray(0, length);
        break;
      }
      if (length === bytes.length) break;
    }
    for (let at = 0; at < MISDIRECTED.length;) at += await this.conn.write(MISDIRECTED.subarray(at));
    throw new Error(`refused a request: ${MESSAGE}`);
  }
}

/** @param head a request's line and headers */
export function isNamedHere(head: string): boolean {
  const hosts = head.split(/\r?\n/).slice(1).filter((line) => /^host[ \t]*:/i.test(line));
  const name = HOST.exec(hosts[0] ?? "")?.[1];
  return hosts.length === 1 && name !== undefined && isAddressOrLocalhost(name);
}
