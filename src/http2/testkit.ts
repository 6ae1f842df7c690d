// For tests only: two connections against each other on virtual time, and hand-made frames against one.
// Must never be imported by the product.
import {
  Connection,
  type ConnectionEvents,
  type HeaderList,
  type HeadersKind,
  type Http2Config,
} from "./connection.ts";
import { errorName, Http2Error } from "./errors.ts";
import {
  CLIENT_PREFACE,
  FRAME_HEADER_BYTES,
  frameName,
  FrameType,
  readU24,
  readU31,
  readU32,
  writeFrameHeader,
  writeU32,
} from "./frame.ts";
import { HpackEncoder } from "./hpack_encoder.ts";

export const REQUEST: HeaderList = [
  ":method",
  "POST",
  ":scheme",
  "http",
  ":path",
  "/echo.EchoService/Echo",
  ":authority",
  "test",
  "content-type",
  "application/grpc",
  "te",
  "trailers",
];

/** Hears nothing. */
export const QUIET: ConnectionEvents = {
  onHeaders() {},
  onData() {},
  onReset() {},
  onWritable() {},
  onGoaway() {},
  onClosed() {},
};

/** Writes down every event as one line, and keeps bodies. */
export class Recorder implements ConnectionEvents {
  readonly log: string[] = [];
  readonly bodies = new Map<number, number[]>();
  readonly headers: HeaderList[] = [];
  readonly streamErrors: Http2Error[] = [];
  closed: Http2Error | undefined | "open" = "open";
  autoConsume = true;
  connection: Connection | undefined;
  onHeadersHook: ((id: number, headers: HeaderList, end: boolean, kind: HeadersKind) => void) | undefined;
  onDataHook: ((id: number, data: Uint8Array, end: boolean) => void) | undefined;
  onWritableHook: ((id: number) => void) | undefined;

  onHeaders(id: number, headers: HeaderList, end: boolean, kind: HeadersKind): void {
    this.log.push(`${kind} ${id}${end ? " end" : ""}`);
    this.headers.push(headers);
    this.onHeadersHook?.(id, headers, end, kind);
  }
  onData(id: number, data: Uint8Array, end: boolean): void {
    this.log.push(`data ${id} ${data.length}${end ? " end" : ""}`);
    const body = this.bodies.get(id) ?? [];
    for (const byte of data) body.push(byte);
    this.bodies.set(id, body);
    if (this.autoConsume) this.connection?.consume(id, data.length);
    this.onDataHook?.(id, data, end);
  }
  onReset(id: number, code: number, by: string): void {
    this.log.push(`reset ${id} ${errorName(code)} ${by}`);
  }
  onWritable(id: number): void {
    this.log.push(`writable ${id}`);
    this.onWritableHook?.(id);
  }
  onGoaway(last: number, code: number, debug: Uint8Array): void {
    this.log.push(`goaway ${last} ${errorName(code)} ${String.fromCharCode(...debug)}`.trimEnd());
  }
  onPong(opaque: Uint8Array): void {
    this.log.push(`pong ${opaque}`);
  }
  onStreamError(error: Http2Error): void {
    this.streamErrors.push(error);
  }
  onClosed(error: Http2Error | undefined): void {
    this.closed = error;
    this.log.push(`closed ${error === undefined ? "cleanly" : error.message}`);
  }
}

/** A small repeatable random number generator (xorshift32). */
export function random(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 0x1_0000_0000;
  };
}

/** A client and a server whose bytes go to each other in chunks of random size. */
export class Pair {
  nowMs = 1_000;
  readonly atClient = new Recorder();
  readonly atServer = new Recorder();
  readonly client: Connection;
  readonly server: Connection;

  constructor(
    config: { client?: Partial<Http2Config>; server?: Partial<Http2Config> } = {},
    readonly chance = random(7),
  ) {
    this.client = new Connection("client", config.client ?? {}, this.atClient, this.nowMs);
    this.server = new Connection("server", config.server ?? {}, this.atServer, this.nowMs);
    this.atClient.connection = this.client;
    this.atServer.connection = this.server;
  }

  /** Steps both until neither has anything to write. */
  run(maxChunkBytes = 65_536): this {
    for (let quiet = false; !quiet;) {
      const moved = this.#move(this.client, this.server, maxChunkBytes);
      quiet = !this.#move(this.server, this.client, maxChunkBytes) && !moved;
    }
    return this;
  }

  #move(from: Connection, to: Connection, maxChunkBytes: number): boolean {
    const output = from.takeOutput();
    if (output === undefined) return false;
    const bytes = output.slice();
    for (let at = 0; at < bytes.length;) {
      const size = 1 + Math.floor(this.chance() * maxChunkBytes);
      to.receive(bytes.slice(at, at + size), this.nowMs);
      at += size;
    }
    return true;
  }
}

/** One frame as bytes. */
export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: ArrayLike<number> = [],
): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + payload.length);
  writeFrameHeader(bytes, 0, payload.length, type, flags, streamId);
  bytes.set(payload, FRAME_HEADER_BYTES);
  return bytes;
}

export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  writeU32(bytes, 0, value);
  return bytes;
}

export function concat(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A frame that came out, readable in an assertion. */
export interface SeenFrame {
  name: string;
  flags: number;
  streamId: number;
  payload: Uint8Array;
  /** RST_STREAM's and GOAWAY's code. */
  code?: string;
  /** GOAWAY's debug data. */
  debug?: string;
}

/** A connection under test whose peer is written by hand. */
export class Scripted {
  nowMs = 1_000;
  readonly events = new Recorder();
  readonly connection: Connection;
  readonly encoder = new HpackEncoder();

  constructor(role: "server" | "client" = "server", config: Partial<Http2Config> = {}) {
    this.connection = new Connection(role, config, this.events, this.nowMs);
    this.events.connection = this.connection;
    if (role === "server") this.connection.receive(CLIENT_PREFACE, this.nowMs);
  }

  /** Settings are exchanged, and what was written so far is forgotten. */
  ready(): this {
    this.send(frame(FrameType.SETTINGS, 0, 0), frame(FrameType.SETTINGS, 1, 0));
    this.seen();
    return this;
  }

  send(...frames: Uint8Array[]): this {
    for (const bytes of frames) this.connection.receive(bytes, this.nowMs);
    return this;
  }

  block(headers: HeaderList): Uint8Array {
    const length = this.encoder.encode(headers);
    return this.encoder.block.slice(0, length);
  }

  headers(streamId: number, headers: HeaderList = REQUEST, flags = 0x4): Uint8Array {
    return frame(FrameType.HEADERS, flags, streamId, this.block(headers));
  }

  /** Frames written since the last look; skips a client's preface. */
  seen(): SeenFrame[] {
    const frames: SeenFrame[] = [];
    for (let out = this.connection.takeOutput(); out !== undefined; out = this.connection.takeOutput()) {
      let at = out[0] === CLIENT_PREFACE[0] && out[1] === CLIENT_PREFACE[1] ? CLIENT_PREFACE.length : 0;
      while (at < out.length) {
        const end = at + FRAME_HEADER_BYTES + readU24(out, at);
        frames.push(
          describe(out[at + 3], out[at + 4], readU31(out, at + 5), out.slice(at + FRAME_HEADER_BYTES, end)),
        );
        at = end;
      }
    }
    return frames;
  }

  /** The GOAWAY among what was written. */
  goaway(): SeenFrame | undefined {
    return this.seen().find((seen) => seen.name === "GOAWAY");
  }
}

function describe(type: number, flags: number, streamId: number, payload: Uint8Array): SeenFrame {
  const seen: SeenFrame = { name: frameName(type), flags, streamId, payload };
  if (type === FrameType.RST_STREAM) seen.code = errorName(readU32(payload, 0));
  if (type === FrameType.GOAWAY) {
    seen.code = errorName(readU32(payload, 4));
    seen.debug = String.fromCharCode(...payload.subarray(8));
  }
  return seen;
}
