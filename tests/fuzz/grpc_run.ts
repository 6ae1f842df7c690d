// Runs one case against a gRPC server connection: frames in, handlers that misbehave, time that jumps.
// Must never leave a thing behind: at the end no call, no held byte, no deadline and no timer is left.
import { Buffer } from "node:buffer";
import { setImmediate } from "node:timers";
import { DEFAULT_POLICY } from "../../src/grpc/connection_policy.ts";
import type { Conn } from "../../src/grpc/conn.ts";
import { DeadlineQueue } from "../../src/grpc/deadline_queue.ts";
import { MAX_HELD_BYTES, SWEEP_MS } from "../../src/grpc/limits.ts";
import { frameMessage } from "../../src/grpc/message.ts";
import { addMethods, type Method } from "../../src/grpc/method.ts";
import { type CallRecord, ServerConnection } from "../../src/grpc/server_connection.ts";
import { VirtualClock } from "../../src/grpc/virtual_clock.ts";
import { CLIENT_PREFACE, Flag, FrameType } from "../../src/http2/frame.ts";
import { concat, frame, u32 } from "../../src/http2/testkit.ts";
import { definition, implementation, LETTERS } from "./grpc_handlers.ts";
import type { GrpcCase, GrpcStep } from "./grpc_steps.ts";
import { headerFrames, literals, settingsFrame } from "./peer_frames.ts";
import { check, WireJudge } from "./wire_judge.ts";

const STREAM_WINDOW = 262_144;
const CONNECTION_WINDOW = 1_048_576;
const PATHS = ["Unary", "ClientStream", "ServerStream", "Bidi", "None"].map((name) =>
  `/test.Service/${name}`
);
const TIMEOUTS = [undefined, "100m", "2S", "x", "99999999H", "0n"];
const ENCODINGS = [undefined, "gzip", "deflate", "brotli", "identity"];
const CONTENT_TYPES = ["application/grpc", "application/grpc+proto", "text/html", "application/grpc-web"];
const METHODS = ["POST", "POST", "GET", "HEAD"];
/** Longer than every deadline, linger, keepalive and handler of a run. */
const LONG_MS = 400_000_000_000;
/** What the last call of a run says. */
const LARGE_BYTES = 300_000;
const PROBE = Buffer.from("echo");

/** A transport whose other end is the test: reads come from `push`, writes wait while `reading` is off. */
class FakeConn implements Conn {
  readonly peer = { transport: "unix", address: "unix:///fuzz" } as const;
  readonly #input: Uint8Array[] = [];
  #wakeReader: () => void = () => {};
  #wakeWriter: () => void = () => {};
  closed = false;
  reading = true;
  onOutput: (bytes: Uint8Array) => void = () => {};

  push(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#input.push(bytes);
    this.#wakeReader();
  }

  setReading(on: boolean): void {
    this.reading = on;
    if (on) this.#wakeWriter();
  }

  async read(into: Uint8Array): Promise<number | null> {
    while (this.#input.length === 0) {
      if (this.closed) return null;
      await new Promise<void>((resolve) => this.#wakeReader = resolve);
    }
    const first = this.#input[0];
    const length = Math.min(first.length, into.length);
    into.set(first.subarray(0, length));
    if (length === first.length) this.#input.shift();
    else this.#input[0] = first.subarray(length);
    return length;
  }

  async write(bytes: Uint8Array): Promise<number> {
    while (!this.reading && !this.closed) await new Promise<void>((resolve) => this.#wakeWriter = resolve);
    if (this.closed) throw new Error("broken pipe");
    const length = Math.min(bytes.length, 20_000);
    this.onOutput(bytes.slice(0, length));
    return length;
  }

  close(): void {
    this.closed = true;
    this.#wakeReader();
    this.#wakeWriter();
  }
}

/** Lets every microtask and node's own ticks run. */
const settle = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));

/** @throws Error that says which promise was broken */
export async function runGrpc(one: GrpcCase): Promise<void> {
  const stray: unknown[] = [];
  const onStray = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    stray.push(event.reason);
  };
  globalThis.addEventListener("unhandledrejection", onStray);
  try {
    const run = new Run(one);
    for (const step of one.steps) await run.step(step);
    await run.finish();
    check(stray.length === 0, `a rejection that nobody handles: ${stray[0]}`);
  } finally {
    globalThis.removeEventListener("unhandledrejection", onStray);
  }
}

class Run {
  readonly clock = new VirtualClock();
  /** The handlers' own, so that what is left on the server's is the server's. */
  readonly handlers = new VirtualClock();
  readonly conn = new FakeConn();
  readonly wire = new WireJudge("server", STREAM_WINDOW, CONNECTION_WINDOW);
  readonly held = { bytes: 0 };
  readonly deadlines = new DeadlineQueue(this.clock);
  readonly records: CallRecord[] = [];
  readonly server: ServerConnection;
  readonly #ended: Promise<unknown>;
  #done = false;
  #nextId = 1;
  #cut = 0;
  #started = 0;
  #stopped = false;
  readonly #maxStreams: number;
  readonly #maxMessageBytes: number;

  constructor(one: GrpcCase) {
    this.#maxStreams = one.maxStreams;
    this.#maxMessageBytes = one.maxMessageBytes;
    const methods = new Map<string, Method>();
    addMethods(methods, definition, implementation(this.handlers, () => this.#started++));
    let calls = 0;
    this.conn.onOutput = (bytes) => this.wire.output(bytes);
    this.server = new ServerConnection({
      methods,
      clock: this.clock,
      deadlines: this.deadlines,
      maxReceiveMessageBytes: one.maxMessageBytes,
      maxSendMessageBytes: 1 << 20,
      held: this.held,
      http2: one.maxStreams > 0 ? { maxConcurrentStreams: one.maxStreams } : {},
      admit: undefined,
      tracer: undefined,
      policy: one.strict
        ? { ...DEFAULT_POLICY, maxAgeMs: 30_000, maxAgeGraceMs: 5_000, maxIdleMs: 20_000 }
        : DEFAULT_POLICY,
      nextCallId: () => ++calls,
      observer: undefined,
      onCall: (record) => void this.records.push(record),
    }, this.conn);
    this.#ended = this.server.run().then(() => this.#done = true);
    this.#send(concat(CLIENT_PREFACE, settingsFrame([]), frame(FrameType.SETTINGS, Flag.ACK, 0)));
  }

  async step(step: GrpcStep): Promise<void> {
    this.#do(step);
    await settle();
    const { connection } = this.server;
    const calls = this.server.calls();
    check(
      calls.length <= connection.openStreams,
      `${calls.length} calls on ${connection.openStreams} streams`,
    );
    check(this.held.bytes >= 0 && this.held.bytes <= MAX_HELD_BYTES, `${this.held.bytes} bytes are held`);
    // Without a call, nor a handler that outlived its call, only what the peer doesn't read is held.
    const most = connection.takenSlots > 0 ? Infinity : connection.queuedBytes;
    check(this.held.bytes <= most, `${this.held.bytes} bytes are held without a call`);
    check(this.deadlines.size <= calls.length, `${this.deadlines.size} deadlines of ${calls.length} calls`);
    check(!this.#done || this.conn.closed, "run() ended and the transport is open");
  }

  #do(step: GrpcStep): void {
    switch (step.do) {
      case "open": {
        const id = this.#nextId;
        this.#nextId += 2;
        const headers = [":method", METHODS[step.method], ":scheme", "http", ":path", PATHS[step.kind]];
        const add = (name: string, value: string | undefined) => {
          if (value !== undefined) headers.push(name, value);
        };
        add("te", "trailers");
        add("content-type", CONTENT_TYPES[step.contentType]);
        add("grpc-timeout", TIMEOUTS[step.timeout]);
        add("grpc-encoding", ENCODINGS[step.encoding]);
        if (step.accept) add("grpc-accept-encoding", "gzip,deflate,identity");
        if (step.metadata.length > 0) add("x-data-bin", step.metadata);
        return this.#send(headerFrames(id, literals(headers), step.end, 0));
      }
      case "message": {
        const text = Buffer.alloc(Math.max(1, step.size), LETTERS[step.letter % LETTERS.length]);
        const bytes = Buffer.from(frameMessage(text, step.gzip ? "gzip" : "identity"));
        if (step.flag >= 0) bytes[0] = step.flag;
        if (step.claim !== 0) bytes.writeUInt32BE((bytes.readUInt32BE(1) + step.claim) >>> 0, 1);
        return this.#body(this.#id(step.stream), bytes, step.end, step.piece);
      }
      case "bytes":
        return this.#body(this.#id(step.stream), Uint8Array.from(step.bytes), step.end, 0);
      case "trailers":
        return this.#send(headerFrames(this.#id(step.stream), literals(["x-t", "1"]), true, 0));
      case "reset":
        return this.#send(frame(FrameType.RST_STREAM, 0, this.#id(step.stream), u32(step.code)));
      case "windowUpdate":
        return this.#send(
          frame(FrameType.WINDOW_UPDATE, 0, step.stream < 5 ? 0 : this.#id(step.stream), u32(step.by)),
        );
      case "settings":
        return this.#send(settingsFrame(step.pairs));
      case "frame":
        return this.#send(frame(step.type, step.flags, this.#id(step.stream), step.payload));
      case "ping":
        return this.#send(frame(FrameType.PING, 0, 0, new Uint8Array(8)));
      case "wait":
        return this.#wait(step.ms);
      case "reading":
        return this.conn.setReading(step.on);
      case "cut":
        this.#cut = step.bytes;
        return;
      case "drain":
        this.#stopped = true;
        return this.server.drain();
      case "hangUp":
        return this.conn.close();
    }
  }

  #id(ref: number): number {
    return Math.max(1, this.#nextId - 2 * Math.max(1, ref - 4));
  }

  #send(bytes: Uint8Array): void {
    if (this.conn.closed) return;
    this.wire.input(bytes);
    this.#nextId = Math.max(this.#nextId, this.wire.lastId + 2);
    const size = this.#cut > 0 ? Math.max(this.#cut, Math.ceil(bytes.length / 500)) : bytes.length;
    for (let at = 0; at < bytes.length; at += size) this.conn.push(bytes.slice(at, at + size));
  }

  /** As much as the windows let pass: what is beyond them is the connection property's to try. */
  #body(id: number, bytes: Uint8Array, end: boolean, piece: number): void {
    const size = piece > 0 ? Math.max(piece, Math.ceil(bytes.length / 100)) : 16_384;
    let at = 0;
    do {
      const part = bytes.subarray(at, at + size);
      if (part.length > Math.min(this.wire.announcedBytes, this.wire.streamRoom(id))) return;
      at += size;
      this.#send(concat(frame(FrameType.DATA, end && at >= bytes.length ? Flag.END_STREAM : 0, id, part)));
    } while (at < bytes.length);
  }

  #wait(ms: number): void {
    const end = this.clock.nowMs() + ms;
    while (this.clock.nowMs() < end) {
      const ms = Math.min(SWEEP_MS, end - this.clock.nowMs());
      this.clock.advance(ms);
      this.handlers.advance(ms);
      if (!this.#done) this.server.sweep(this.clock.nowMs());
    }
  }

  async finish(): Promise<void> {
    await this.#probe();
    this.conn.setReading(true);
    await settle();
    this.conn.close();
    await settle();
    check(this.#done, "run() didn't end with the transport");
    await this.#ended;
    check(this.server.calls().length === 0, `${this.server.calls().length} calls outlive their connection`);
    // The queue of deadlines leaves its one timer to run out.
    check(this.clock.pending <= 1, `${this.clock.pending} timers outlive their connection`);
    this.handlers.advance(LONG_MS);
    await settle();
    this.clock.advance(LONG_MS);
    check(this.held.bytes === 0, `${this.held.bytes} bytes are held for nobody`);
    check(this.deadlines.size === 0, `${this.deadlines.size} deadlines of nobody`);
    check(this.clock.pending === 0, `${this.clock.pending} timers are left`);
    const known = this.records.filter((record) => record.known).length;
    check(known >= this.#started, `${this.#started} handlers ran and ${known} calls were recorded`);
    const ids = new Set(this.records.map((record) => record.callId));
    check(ids.size === this.records.length, "two records of one call");
    check(
      this.records.length <= this.#nextId / 2,
      `${this.records.length} records of ${this.#nextId / 2} calls`,
    );
  }

  /** After all that, a good call gets its answer, if the connection lives. */
  async #probe(): Promise<void> {
    const { wire } = this;
    this.#cut = 0;
    this.conn.setReading(true);
    await settle();
    await settle();
    if (this.#stopped || this.server.connection.closed || !wire.atFrameStart || wire.goaways > 0) return;
    const id = this.#nextId;
    const headers = [
      ":method",
      "POST",
      ":scheme",
      "http",
      ":path",
      PATHS[0],
      "content-type",
      "application/grpc",
    ];
    let answered: readonly string[] = [];
    let bytes = 0;
    wire.onBlock = (streamId, list) => {
      if (streamId === id) answered = list;
    };
    wire.onBody = (streamId, length) => {
      if (streamId === id) bytes += length;
    };
    const places = this.server.connection.takenSlots;
    if (this.#maxStreams > 0 && places >= this.#maxStreams) return;
    this.#nextId += 2;
    // Responses that wait for a window go first.
    const room = 100 + this.server.connection.queuedBytes;
    if (wire.connectionCredit < room) {
      this.#send(frame(FrameType.WINDOW_UPDATE, 0, 0, u32(room - wire.connectionCredit)));
    }
    this.#send(headerFrames(id, literals(headers), false, 0));
    if (wire.peerInitialWindow < 100) {
      this.#send(frame(FrameType.WINDOW_UPDATE, 0, id, u32(100 - wire.peerInitialWindow)));
    }
    if (wire.announcedBytes < 100) return;
    // More than a window where messages may be so large: what is read must be given back.
    const large = this.#maxMessageBytes > LARGE_BYTES && this.wire.ownInitialWindow < LARGE_BYTES;
    const body = frameMessage(large ? Buffer.alloc(LARGE_BYTES, "f") : PROBE);
    for (let at = 0; at < body.length;) {
      const room = Math.min(wire.announcedBytes, wire.streamRoom(id, true), body.length - at, 16_384);
      check(room > 0, `the server gave back nothing after ${at} bytes`);
      this.#send(
        frame(
          FrameType.DATA,
          at + room === body.length ? Flag.END_STREAM : 0,
          id,
          body.subarray(at, at + room),
        ),
      );
      at += room;
      await settle();
      if (this.server.connection.closed) return;
    }
    await settle();
    if (this.server.connection.closed) return;
    const code = answered[answered.indexOf("grpc-status") + 1];
    check(code === (large ? "5" : "0"), `a good call got ${bytes} bytes and ${JSON.stringify(answered)}`);
    check(bytes === (large ? 0 : PROBE.length + 5), `a good call got ${bytes} bytes`);
  }
}
