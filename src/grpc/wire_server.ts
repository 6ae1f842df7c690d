// A server that answers on HTTP/2 what a test tells it, and writes down what a client sends. For tests.
// Must never answer a request by itself; PING and SETTINGS are the engine's.
import { Connection, type ConnectionEvents, type HeaderList, type Http2Config } from "../http2/mod.ts";
import { systemClock } from "./clock.ts";
import type { Conn, Dial } from "./conn.ts";
import { connPair } from "./conn_pair.ts";
import { Driver } from "./driver.ts";

export interface WireRequest {
  readonly headers: Record<string, string>;
  bytes: number;
  /** The first byte of the body: the compressed flag of the first message. */
  flag?: number;
  ended: boolean;
  /** The code of the client's RST_STREAM. */
  reset?: number;
}

export class WireServer implements ConnectionEvents {
  readonly connection: Connection;
  /** In order of their ids, which start with 1 and go up by 2. */
  readonly requests = new Map<number, WireRequest>();
  readonly done: Promise<void>;
  pings = 0;
  /** False: request bodies stay unread, so that the client's window runs out. */
  reads = true;
  readonly #driver: Driver;

  constructor(
    private readonly conn: Conn,
    private readonly onRequest: (server: WireServer, streamId: number) => unknown = () => {},
    config: Partial<Http2Config> = {},
  ) {
    this.connection = new Connection("server", config, this, systemClock.nowMs());
    this.#driver = new Driver(conn, this.connection, systemClock, 0);
    this.done = this.#driver.run();
  }

  /** An answer of one message of `bytes` zeros, and OK. */
  answer(streamId: number, bytes = 0): void {
    const message = new Uint8Array(5 + bytes);
    new DataView(message.buffer).setUint32(1, bytes);
    this.begin(streamId);
    this.send(streamId, message);
    this.end(streamId);
  }

  reset(streamId: number, code: number): void {
    this.connection.reset(streamId, code);
    this.#driver.wake();
  }

  goaway(code: number, debug = ""): void {
    this.connection.goaway(code, debug);
    this.#driver.wake();
  }

  /** Frames that the engine doesn't send by itself. Only while it has nothing to write. */
  async raw(bytes: Uint8Array): Promise<void> {
    for (let rest = bytes; rest.length > 0; rest = rest.subarray(await this.conn.write(rest)));
  }

  /** SETTINGS with MAX_CONCURRENT_STREAMS. */
  async limitStreams(count: number): Promise<void> {
    await this.raw(Uint8Array.of(0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, count >>> 8, count));
  }

  /** A call's headers, without its end. */
  begin(streamId: number): void {
    this.connection.sendHeaders(streamId, [":status", "200", "content-type", "application/grpc"], false);
    this.#driver.wake();
  }

  send(streamId: number, bytes: Uint8Array): void {
    this.connection.sendData(streamId, bytes, false);
    this.#driver.wake();
  }

  end(streamId: number, code = 0): void {
    this.connection.sendHeaders(streamId, ["grpc-status", String(code)], true);
    this.#driver.wake();
  }

  close(): void {
    this.#driver.close();
  }

  onHeaders(streamId: number, headers: HeaderList, endStream: boolean): void {
    const plain: Record<string, string> = {};
    for (let i = 0; i < headers.length; i += 2) plain[headers[i]] = headers[i + 1];
    this.requests.set(streamId, { headers: plain, bytes: 0, ended: endStream });
    this.onRequest(this, streamId);
    this.#driver.wake();
  }

  onData(streamId: number, data: Uint8Array, endStream: boolean): void {
    const request = this.requests.get(streamId);
    if (request !== undefined) {
      request.bytes += data.length;
      request.flag ??= data[0];
      request.ended ||= endStream;
    }
    if (this.reads) this.connection.consume(streamId, data.length);
  }

  onReset(streamId: number, code: number, by: "peer" | "local"): void {
    const request = this.requests.get(streamId);
    if (request !== undefined && by === "peer") request.reset = code;
  }

  onPing(): void {
    this.pings++;
  }

  onWritable(): void {}

  onGoaway(): void {}

  onClosed(): void {}
}

/** A target in memory whose connections are WireServers, listed as they come. */
export function wireTarget(
  onRequest?: (server: WireServer, streamId: number) => unknown,
  config?: Partial<Http2Config>,
): { address: string; dial: Dial; servers: WireServer[] } {
  const servers: WireServer[] = [];
  const dial: Dial = () => {
    const [near, far] = connPair();
    servers.push(new WireServer(far, onRequest, config));
    return Promise.resolve(near);
  };
  return { address: "unix:///wire", dial, servers };
}
