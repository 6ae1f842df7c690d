// A client that says on HTTP/2 what a test tells it, right or wrong, and writes down what comes back. For tests.
// Must never add a header or correct one.
import { Buffer } from "node:buffer";
import { Connection, type ConnectionEvents, type HeaderList, type HeadersKind } from "../http2/mod.ts";
import { systemClock } from "./clock.ts";
import type { Conn } from "./conn.ts";
import { Driver } from "./driver.ts";

export interface Answer {
  headers: Record<string, string>;
  data: Buffer;
  trailers: Record<string, string>;
  /** The code of the RST_STREAM that ended it, or came before its end. */
  reset?: number;
}

export const GRPC_REQUEST = [
  ":method",
  "POST",
  ":scheme",
  "http",
  ":path",
  "/test.Service/Unary",
  ":authority",
  "test",
  "te",
  "trailers",
  "content-type",
  "application/grpc",
];

/** GRPC_REQUEST with some values replaced (undefined removes) and others added. */
export function requestWith(changes: Record<string, string | undefined>): HeaderList {
  const headers = new Map<string, string | undefined>();
  for (let i = 0; i < GRPC_REQUEST.length; i += 2) headers.set(GRPC_REQUEST[i], GRPC_REQUEST[i + 1]);
  for (const [name, value] of Object.entries(changes)) headers.set(name, value);
  return [...headers].flatMap(([name, value]) => value === undefined ? [] : [name, value]);
}

export class WireClient implements ConnectionEvents {
  readonly connection: Connection;
  readonly done: Promise<void>;
  readonly goaways: { code: number; debug: string }[] = [];
  readonly #driver: Driver;
  readonly #answers = new Map<number, { answer: Answer; resolve: (answer: Answer) => void }>();
  /** The server's SETTINGS came, or the connection ended. */
  readonly settled: Promise<void>;
  /** Reads nothing more. */
  deaf = false;
  #settle = () => {};

  constructor(conn: Conn) {
    this.connection = new Connection("client", {}, this, systemClock.nowMs());
    const read = async (into: Uint8Array) => {
      const length = await conn.read(into);
      return this.deaf ? await new Promise<never>(() => {}) : length;
    };
    this.#driver = new Driver({ ...conn, read }, this.connection, systemClock, 0);
    this.settled = new Promise((resolve) => this.#settle = resolve);
    this.done = this.#driver.run();
  }

  /** Sends headers and DATA pieces; gives the id, and the answer at its end or reset. */
  async open(
    headers: HeaderList,
    body: Uint8Array[],
    end = true,
  ): Promise<{ id: number; answer: Promise<Answer> }> {
    await this.settled;
    const id = this.connection.request(headers, end && body.length === 0);
    const answer = new Promise<Answer>((resolve) => {
      this.#answers.set(id, { resolve, answer: { headers: {}, data: Buffer.alloc(0), trailers: {} } });
    });
    body.forEach((piece, i) => this.connection.sendData(id, piece, end && i === body.length - 1));
    this.#driver.wake();
    return { id, answer };
  }

  async call(headers: HeaderList, body: Uint8Array[], end = true): Promise<Answer> {
    return await (await this.open(headers, body, end)).answer;
  }

  /** More of a request that `open` left without its end. */
  send(id: number, piece: Uint8Array, end: boolean): void {
    this.connection.sendData(id, piece, end);
    this.#driver.wake();
  }

  ping(opaque: Uint8Array): void {
    this.connection.ping(opaque);
    this.#driver.wake();
  }

  reset(id: number, code: number): void {
    this.connection.reset(id, code);
    this.#driver.wake();
  }

  close(): void {
    this.#driver.close();
  }

  onHeaders(id: number, headers: HeaderList, end: boolean, kind: HeadersKind): void {
    const open = this.#answers.get(id);
    if (open === undefined) return;
    const plain: Record<string, string> = {};
    for (let i = 0; i < headers.length; i += 2) plain[headers[i]] = headers[i + 1];
    if (kind === "trailers") open.answer.trailers = plain;
    else open.answer.headers = plain;
    if (end) this.#finish(id);
  }

  onData(id: number, data: Uint8Array, end: boolean): void {
    const open = this.#answers.get(id);
    if (open !== undefined) open.answer.data = Buffer.concat([open.answer.data, data]);
    this.connection.consume(id, data.length);
    if (end) this.#finish(id);
  }

  onReset(id: number, code: number): void {
    const open = this.#answers.get(id);
    if (open === undefined) return;
    open.answer.reset = code;
    open.resolve(open.answer);
  }

  onWritable(): void {}

  onGoaway(_lastStreamId: number, code: number, debug: Uint8Array): void {
    this.goaways.push({ code, debug: new TextDecoder().decode(debug) });
  }

  onSettings(): void {
    this.#settle();
  }

  onClosed(): void {
    this.#settle();
  }

  /** A reset may follow the end in the same turn: it belongs to the answer. */
  #finish(id: number): void {
    const open = this.#answers.get(id);
    if (open !== undefined) setTimeout(() => open.resolve(open.answer), 10);
  }
}
