// An HTTP server in memory and clients that write bytes, for tests.
// Must never open a socket.
import type { Conn, Peer } from "../../grpc/conn.ts";
import { connPair } from "../../grpc/conn_pair.ts";
import type { Clock } from "../../grpc/clock.ts";
import { HttpServer, type HttpServerOptions, type HttpSession, type HttpSettings } from "./http_server.ts";

export const SETTINGS: HttpSettings = {
  headerBytes: 16 * 1024,
  bodyBytes: 64 * 1024,
  headTimeoutMs: 10_000,
  requestStallTimeoutMs: 60_000,
  sendStallTimeoutMs: 120_000,
  maxAgeMs: Infinity,
};

/** A machine that is busy with something else answers later. */
const UNTIL_MS = 4_000;

export interface TestServer {
  readonly server: HttpServer;
  /** A connection of `peer`. */
  open(peer?: Partial<Peer>): TestClient;
  /** Sessions that have not been closed. */
  sessions(): number;
  readonly held: { bytes: number };
  readonly failures: unknown[];
  /** Names of limits that turned something away. */
  readonly limits: string[];
}

export function testServer(
  fetch: HttpSession["fetch"],
  settings: Partial<HttpSettings> = {},
  options: Partial<HttpServerOptions> & { clock?: Clock } = {},
): TestServer {
  let sessions = 0;
  const held = { bytes: 0 };
  const failures: unknown[] = [];
  const limits: string[] = [];
  const server = new HttpServer({
    settings: () => ({ ...SETTINGS, ...settings }),
    open: () => {
      sessions++;
      return { fetch, close: () => void sessions-- };
    },
    held,
    failed: (error) => void failures.push(error),
    limited: (limit) => void limits.push(limit),
    takePlace: () => () => {},
    refused: () => {},
    ...options,
  });
  return {
    server,
    sessions: () => sessions,
    held,
    failures,
    limits,
    open(peer) {
      const [client, ours] = connPair();
      const served = server.handle({
        peer: { ...ours.peer, ...peer },
        read: (into) => ours.read(into),
        write: (bytes) => ours.write(bytes),
        close: () => ours.close(),
      });
      return new TestClient(client, served);
    },
  };
}

export class TestClient {
  /** All that came, as Latin-1. */
  text = "";
  /** Ends when the server closes. */
  readonly ended: Promise<void>;
  #stopped = false;

  constructor(private readonly conn: Conn, readonly served: Promise<void>) {
    this.ended = this.#read();
  }

  async send(text: string): Promise<void> {
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
    for (let at = 0; at < bytes.length;) at += await this.conn.write(bytes.subarray(at));
  }

  /** Reads no more. */
  stop(): void {
    this.#stopped = true;
  }

  close(): void {
    this.conn.close();
  }

  /** Until what came has the pattern. */
  async until(pattern: RegExp): Promise<string> {
    const endsMs = performance.now() + UNTIL_MS;
    while (!pattern.test(this.text)) {
      if (performance.now() > endsMs) throw new Error(`no ${pattern} in ${JSON.stringify(this.text)}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return this.text;
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(65_536);
    while (!this.#stopped) {
      const length = await this.conn.read(buffer);
      if (length === null) return;
      this.text += Array.from(buffer.subarray(0, length), (byte) => String.fromCharCode(byte)).join("");
    }
  }
}
