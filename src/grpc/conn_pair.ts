// Two Conns joined in memory, for tests: what one writes the other reads, in pieces of a chosen size.
// Must behave as a socket does: reads wait, writes are short, an end or a close is seen by both.
import type { Conn, Listener, Peer } from "./conn.ts";

/** One direction. A writer waits while the reader is behind by `capacity` bytes, as a socket's does. */
class Pipe {
  #bytes: Uint8Array[] = [];
  #length = 0;
  #closed = false;
  #changed: (() => void)[] = [];

  constructor(private readonly pieceBytes: number, private readonly capacityBytes: number) {}

  async write(bytes: Uint8Array): Promise<number> {
    while (this.#length >= this.capacityBytes && !this.#closed) await this.#change();
    if (this.#closed) throw new Error("broken pipe");
    const taken = Math.min(bytes.length, this.pieceBytes, this.capacityBytes - this.#length);
    this.#bytes.push(bytes.slice(0, taken));
    this.#length += taken;
    this.#tell();
    return taken;
  }

  async read(into: Uint8Array): Promise<number | null> {
    while (this.#bytes.length === 0) {
      if (this.#closed) return null;
      await this.#change();
    }
    const first = this.#bytes[0];
    const taken = Math.min(first.length, into.length);
    into.set(first.subarray(0, taken));
    if (taken === first.length) this.#bytes.shift();
    else this.#bytes[0] = first.subarray(taken);
    this.#length -= taken;
    this.#tell();
    return taken;
  }

  close(): void {
    this.#closed = true;
    this.#tell();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#changed.push(resolve));
  }

  #tell(): void {
    const changed = this.#changed;
    this.#changed = [];
    for (const resolve of changed) resolve();
  }
}

export interface PairOptions {
  /** Bytes that one write takes. */
  readonly pieceBytes?: number;
  /** Bytes that may wait in each direction. */
  readonly capacityBytes?: number;
}

/** [client's end, server's end] */
export function connPair({ pieceBytes = 65_536, capacityBytes = 262_144 }: PairOptions = {}): [Conn, Conn] {
  const up = new Pipe(pieceBytes, capacityBytes);
  const down = new Pipe(pieceBytes, capacityBytes);
  const close = () => {
    up.close();
    down.close();
  };
  const end = (address: string, from: Pipe, to: Pipe): Conn => ({
    peer: { transport: "unix", address } satisfies Peer,
    read: (into) => from.read(into),
    write: (bytes) => to.write(bytes),
    close,
  });
  return [end("unix:///server", down, up), end("unix:///client", up, down)];
}

/** A listener without a network: `dial` gives the client's end of a new pair. */
export class MemoryListener implements Listener {
  readonly address = "unix:///memory";
  readonly #accepted: Conn[] = [];
  #closed = false;
  #wake: (() => void) | undefined;

  constructor(private readonly options: PairOptions = {}) {}

  readonly dial = (): Promise<Conn> => {
    if (this.#closed) return Promise.reject(new Error("connection refused"));
    const [client, server] = connPair(this.options);
    this.#accepted.push(server);
    this.#wake?.();
    return Promise.resolve(client);
  };

  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Conn> {
    while (!this.#closed) {
      const conn = this.#accepted.shift();
      if (conn !== undefined) yield conn;
      else await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }
}
