// A listener behind a proxy: each connection begins with a PROXY protocol v2 header, and its peer is the one named there.
// Must never yield a connection whose header is not whole and well-formed, nor read a byte behind it.
import type { Conn, Listener, Peer } from "../grpc/conn.ts";
import { formatAddress } from "./address.ts";
import { parseProxyV2, PROXY_PREAMBLE_BYTES, type ProxyHeader } from "./proxy_v2.ts";

/**
 * Connections of one listener whose header is not there yet. A proxy sends it at once, so a place is held for less
 * than a turn of the event loop; when all are taken the one that waits longest is closed. Slow and silent peers.
 */
export const MAX_PENDING_HEADERS = 256;
/** Refusals are reported at most this often, so that a peer can't fill the log. */
const REPORT_INTERVAL_MS = 1_000;

export interface ProxiedOptions {
  /** From accepting a connection to its whole header. Read at each connection. */
  readonly timeoutMs: number;
  /** Default MAX_PENDING_HEADERS. */
  readonly maxPending?: number;
  /** Hears why connections were closed, at most once a second; `unreported` is how many were closed since. */
  readonly onRefused?: (reason: string, unreported: number) => void;
}

/**
 * Wraps a listener that only a proxy can reach: whoever connects there says who the client is, and is believed.
 *
 * @example
 * ```ts
 * const behindTls = proxied(await listen(parseAddress("unix:///run/edge/agent.sock"), { mode: 0o660 }), { timeoutMs: 10_000 });
 * for await (const conn of behindTls) serve(conn); // conn.peer is the client
 * ```
 * Connections without a good header within the time are closed without an answer.
 */
export function proxied(listener: Listener, options: ProxiedOptions): Listener {
  return new ProxiedListener(listener, options);
}

/** Why a connection is closed before it is served. */
class Refusal extends Error {}

class ProxiedListener implements Listener {
  readonly address: string;
  /** Ends the wait for a header; in the order of their coming. */
  readonly #pending = new Set<(reason: string) => void>();
  readonly #ready: Conn[] = [];
  readonly #changed = new Signal();
  #ended = false;
  #lastReportMs = -Infinity;
  #unreported = 0;

  constructor(private readonly listener: Listener, private readonly options: ProxiedOptions) {
    this.address = listener.address;
  }

  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.listener.close();
    for (const end of this.#pending) end("the listener closes");
    for (const conn of this.#ready.splice(0)) conn.close();
    this.#changed.tell();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Conn, void, void> {
    const accepting = this.#accept();
    accepting.catch(() => {}); // it is awaited below, when what is ready has been taken
    try {
      while (!this.#ended) {
        const conn = this.#ready.shift();
        if (conn === undefined) {
          await this.#changed.next();
          continue;
        }
        this.#changed.tell();
        yield conn;
      }
      await accepting;
    } finally {
      this.close();
    }
  }

  /** Takes no further connection while one waits to be served: whoever paces our iteration paces this too. */
  async #accept(): Promise<void> {
    try {
      for await (const conn of this.listener) {
        void this.#admit(conn); // it never rejects
        while (this.#ready.length > 0 && !this.#ended) await this.#changed.next();
        if (this.#ended) break;
      }
    } finally {
      this.close();
    }
  }

  async #admit(conn: Conn): Promise<void> {
    if (this.#ended) return conn.close();
    if (this.#pending.size >= (this.options.maxPending ?? MAX_PENDING_HEADERS)) {
      const [oldest] = this.#pending;
      oldest("too many connections wait for their header");
    }
    const late = Promise.withResolvers<never>();
    const end = (reason: string) => {
      this.#pending.delete(end);
      late.reject(new Refusal(reason));
    };
    this.#pending.add(end);
    const timer = setTimeout(
      () => end(`its header was not there in ${this.options.timeoutMs} ms`),
      this.options.timeoutMs,
    );
    try {
      const header = await Promise.race([readHeader(conn), late.promise]);
      if (this.#ended) return conn.close();
      this.#ready.push({
        peer: clientOf(header),
        read: (into) => conn.read(into),
        write: (bytes) => conn.write(bytes),
        close: () => conn.close(),
      });
      this.#changed.tell();
    } catch (error) {
      conn.close(); // a read that is under way ends with it
      this.#report(error instanceof Refusal ? error.message : "it broke off before its header was whole");
    } finally {
      clearTimeout(timer);
      this.#pending.delete(end);
    }
  }

  #report(reason: string): void {
    const { onRefused } = this.options;
    if (onRefused === undefined || this.#ended) return;
    const nowMs = performance.now();
    if (nowMs - this.#lastReportMs < REPORT_INTERVAL_MS) {
      this.#unreported++;
      return;
    }
    const unreported = this.#unreported;
    this.#lastReportMs = nowMs;
    this.#unreported = 0;
    try {
      onRefused(reason, unreported);
    } catch {
      // A log that fails must not end the listener.
    }
  }
}

/** Reads as much as the header has and no more. @throws {Refusal} or the transport's error */
async function readHeader(conn: Conn): Promise<ProxyHeader> {
  let buffer = new Uint8Array(PROXY_PREAMBLE_BYTES);
  for (let length = 0;;) {
    const result = parseProxyV2(buffer.subarray(0, length));
    if (result.state === "header") return result.header;
    if (result.state === "refused") throw new Refusal(result.reason);
    const end = length + result.lenBytes;
    if (end > buffer.length) {
      const whole = new Uint8Array(end);
      whole.set(buffer);
      buffer = whole;
    }
    const read = await conn.read(buffer.subarray(length, end));
    if (read === null) throw new Refusal("it ended before its header was whole");
    length += read;
  }
}

function clientOf({ source, tls, edge }: ProxyHeader): Peer {
  const address = formatAddress({ transport: "tcp", ...source });
  return { transport: "tcp", address, ...(tls && { tls }), ...(edge && { edge }) };
}

/** Something may have changed: everyone who waits looks again. */
class Signal {
  #waiting = Promise.withResolvers<void>();

  next(): Promise<void> {
    return this.#waiting.promise;
  }

  tell(): void {
    this.#waiting.resolve();
    this.#waiting = Promise.withResolvers<void>();
  }
}
