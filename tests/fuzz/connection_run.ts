// Runs one case against one Connection on virtual time and checks every promise that connection.ts makes.
// Must never touch a clock or a socket: the same case gives the same run.
import { Connection, type Http2Config } from "../../src/http2/mod.ts";
import { CLIENT_PREFACE, Flag, FrameType } from "../../src/http2/frame.ts";
import {
  GOAWAY_PING_TIMEOUT_MS,
  MAX_QUEUED_CONTROL_FRAMES,
  OUTPUT_BUFFER_BYTES,
} from "../../src/http2/limits.ts";
import { frame, u32 } from "../../src/http2/testkit.ts";
import { EventJudge, type StreamView } from "./event_judge.ts";
import {
  APP_REQUESTS,
  APP_RESPONSES,
  dataFrame,
  floodFrame,
  headerFrames,
  literals,
  peerList,
  settingsFrame,
} from "./peer_frames.ts";
import type { ConnectionCase, Step } from "./steps.ts";
import { check, WireJudge } from "./wire_judge.ts";

const TRAILERS = ["grpc-status", "0"];
const OK = [":status", "200"];
const CONNECTION_WINDOW = 1_048_576;
const CONFIGS: Partial<Http2Config>[] = [
  {},
  { maxConcurrentStreams: 3, streamWindowBytes: 1, connectionWindowBytes: 65_535, sendStallTimeoutMs: 1_000 },
  { maxConcurrentStreams: 5, streamWindowBytes: 20_000, maxHeaderListBytes: 600, maxHeaderCount: 6 },
  { streamWindowBytes: 0x7fff_ffff, sendHighWaterBytes: 100, sendLowWaterBytes: 10, maxFrameBytes: 100_000 },
];
/** Calls of takeOutput in a row that only an endless loop needs. */
const MAX_TAKES = 100_000;
/** Largest header list that a step sends, in a block. */
const LARGEST_BLOCK_BYTES = 21_000;
/** CPU time of one run; a usual one takes a few milliseconds, 50 steps with floods some hundreds. */
const MAX_RUN_CPU_MS = 10_000;
/** Handlers that outlive their streams. */
const MAX_HELD = 3;
/** Reactions inside events, so that an application can't answer itself for ever. */
const MAX_REACTIONS = 200;

/** @throws Error that says which promise was broken */
export function runConnection(one: ConnectionCase): void {
  const run = new Run(one);
  const before = process.cpuUsage();
  run.begin();
  for (const step of one.steps) run.step(step);
  run.finish();
  const { user, system } = process.cpuUsage(before);
  check((user + system) / 1_000 < MAX_RUN_CPU_MS, `one run took ${(user + system) / 1_000} ms of CPU`);
}

class Run {
  readonly events: EventJudge;
  readonly wire: WireJudge;
  readonly connection: Connection;
  readonly config: Partial<Http2Config>;
  readonly isServer: boolean;
  #nowMs = 1_000;
  #nextPeerId = 1;
  #cut = 0;
  #kept: Uint8Array[] = [];
  #reactions = 0;
  #held = 0;
  #flushedAfterClose = false;
  readonly #maxStreams: number;

  constructor(readonly one: ConnectionCase) {
    this.config = CONFIGS[one.config];
    this.isServer = one.role === "server";
    this.events = new EventJudge(this.isServer);
    this.events.react = (event, stream, bytes) => this.#react(event, stream, bytes);
    this.wire = new WireJudge(
      one.role,
      this.config.streamWindowBytes ?? 262_144,
      this.config.connectionWindowBytes ?? CONNECTION_WINDOW,
    );
    this.#maxStreams = this.isServer ? this.config.maxConcurrentStreams ?? 1_000 : Infinity;
    this.connection = new Connection(one.role, this.config, this.events, this.#nowMs);
  }

  begin(): void {
    if (this.isServer) this.#peer(CLIENT_PREFACE);
    if (!this.one.ready) return;
    this.#peer(settingsFrame([]));
    this.#take(Infinity);
    this.#peer(frame(FrameType.SETTINGS, Flag.ACK, 0));
  }

  step(step: Step): void {
    this.#do(step);
    const { connection } = this;
    check(connection.openStreams <= this.#maxStreams, `${connection.openStreams} streams are open`);
    check(connection.queuedBytes >= 0, `${connection.queuedBytes} bytes are queued`);
    check(connection.closed === this.events.closed, "closed without onClosed");
    check(connection.wantsClose === connection.closed, "closed and no wish to close");
    const due = connection.nextTimeoutMs(this.#nowMs);
    check(due === undefined || (due >= 0 && Number.isFinite(due)), `the next tick is due in ${due} ms`);
  }

  #do(step: Step): void {
    const { connection } = this;
    switch (step.do) {
      case "frame":
        return this.#peer(frame(step.type, step.flags, this.#id(step.stream), step.payload));
      case "raw":
        return this.#peer(Uint8Array.from(step.bytes));
      case "headers": {
        const block = literals(peerList(this.isServer, step.list), step.form >> 3);
        return this.#peer(headerFrames(this.#headersId(step.stream), block, step.end, step.form));
      }
      case "block":
        return this.#peer(
          headerFrames(this.#headersId(step.stream), Uint8Array.from(step.bytes), step.end, 0),
        );
      case "data":
        return this.#data(step);
      case "reset":
        return this.#peer(frame(FrameType.RST_STREAM, 0, this.#id(step.stream), u32(step.code)));
      case "windowUpdate":
        return this.#peer(frame(FrameType.WINDOW_UPDATE, 0, this.#id(step.stream), u32(step.by)));
      case "settings":
        return this.#peer(settingsFrame(step.pairs));
      case "settingsAck":
        return this.#peer(frame(FrameType.SETTINGS, Flag.ACK, 0));
      case "ping":
        return this.#peer(frame(FrameType.PING, 0, 0, [1, 2, 3, 4, 5, 6, 7, this.#nowMs & 0xff]));
      case "pong":
        return this.#peer(
          frame(FrameType.PING, Flag.ACK, 0, this.wire.pings.shift() ?? new Array(8).fill(9)),
        );
      case "peerGoaway":
        return this.#peer(
          frame(FrameType.GOAWAY, 0, 0, [...u32(this.#id(step.stream)), ...u32(step.code), 0x62, 0xff]),
        );
      case "priority":
        return this.#peer(
          frame(
            FrameType.PRIORITY,
            0,
            this.#id(step.stream),
            [...u32(this.#id(step.on)), 7].slice(0, step.on),
          ),
        );
      case "flood":
        for (let i = 0; i < step.times && !this.events.closed; i++) {
          this.#peer(floodFrame(step.what, this.#id(5), () => this.#newPeerId(1)));
        }
        return;
      case "request":
        return this.#request(APP_REQUESTS[step.list % APP_REQUESTS.length], step.end);
      case "respond":
        return this.#respond(
          this.#stream(step.stream),
          APP_RESPONSES[step.list % APP_RESPONSES.length],
          step.end,
        );
      case "send":
        return this.#send(this.#stream(step.stream), step.size, step.end);
      case "appReset":
        return this.#appReset(this.#stream(step.stream), step.code);
      case "consume":
        return this.#consume(this.#stream(step.stream), step.size);
      case "appPing":
        return connection.ping(Uint8Array.of(1, 1, 1, 1, 1, 1, 1, 1));
      case "appGoaway":
        return connection.goaway(step.code, "why");
      case "hold":
        return this.#hold(true);
      case "release":
        return this.#hold(false);
      case "take":
        return void this.#take(step.max);
      case "wait":
        return this.#wait(step.ms);
      case "cut":
        this.#cut = step.bytes;
        if (step.bytes >= 0) this.#deliver();
    }
  }

  // The peer.

  #newPeerId(by: number): number {
    const id = this.#nextPeerId + 2 * (by - 1);
    this.#nextPeerId = id + 2;
    return id;
  }

  #headersId(ref: number): number {
    return this.isServer && (ref === 1 || ref === 2) ? this.#newPeerId(ref === 1 ? 1 : 4) : this.#id(ref);
  }

  /** A stream by its part in the run, see steps.ts. */
  #id(ref: number): number {
    switch (ref) {
      case 0:
        return 0;
      case 1:
        return this.isServer ? this.#nextPeerId : this.wire.lastId + 2;
      case 2:
        return this.#nextPeerId + 8;
      case 3:
        return 2;
      case 4:
        return 0x7fff_ffff;
      default:
        return Math.max(1, this.#newestId - 2 * (ref - 5));
    }
  }

  get #newestId(): number {
    return this.isServer ? this.#nextPeerId - 2 : this.wire.lastId;
  }

  /** Sends, split or kept back as the last cut said. */
  #peer(bytes: Uint8Array): void {
    this.#kept.push(bytes);
    if (this.#cut >= 0) this.#deliver();
  }

  #deliver(): void {
    const length = this.#kept.reduce((sum, bytes) => sum + bytes.length, 0);
    const all = new Uint8Array(length);
    let to = 0;
    for (const bytes of this.#kept) {
      all.set(bytes, to);
      to += bytes.length;
    }
    this.#kept = [];
    const size = this.#cut > 0 ? this.#cut : Math.max(1, length);
    for (let at = 0; at < length; at += size) {
      const piece = all.slice(at, at + size);
      const before = this.events.events;
      this.wire.input(piece);
      if (this.isServer) this.#nextPeerId = Math.max(this.#nextPeerId, this.wire.lastId + 2);
      this.connection.receive(piece, this.#nowMs);
      // A frame has 9 bytes; each may end its stream, and one may end them all and the connection.
      const most = piece.length + 10 + this.#reactions * 4 + 2 * this.events.streams.size;
      check(
        this.events.events - before <= most,
        `${piece.length} bytes made ${this.events.events - before} events`,
      );
      piece.fill(0xee); // the engine may keep no view of what it read
    }
  }

  #data(step: Step & { do: "data" }): void {
    const id = this.#id(step.stream);
    const padding = step.pad >= 0 ? step.pad + 1 : 0;
    let size = Math.min(step.size, 100_000);
    if (step.fit) {
      size = Math.min(
        size,
        this.wire.announcedBytes - padding,
        this.wire.streamRoom(id) - padding,
        16_384 - padding,
      );
      if (size < 0) return;
    }
    this.#peer(dataFrame(id, size, step.end, step.pad));
  }

  // The application.

  #stream(ref: number): StreamView | undefined {
    const id = this.isServer ? this.#id(ref) : Math.max(1, this.#newestOwn - 2 * (ref - 5));
    const stream = this.events.streams.get(id);
    return stream === undefined || stream.gone ? undefined : stream;
  }

  #newestOwn = -1;

  #request(headers: string[], end: boolean): void {
    if (this.isServer) return;
    const could = this.connection.canOpenStream;
    const id = this.connection.request(headers, end);
    check(could === (id > 0), `canOpenStream is ${could} and request gave ${id}`);
    if (id < 0) return;
    this.#newestOwn = id;
    const stream = this.events.opened(id);
    stream.headersSent = true;
    stream.localEnded = end;
  }

  #respond(stream: StreamView | undefined, headers: string[], end: boolean): void {
    if (stream === undefined || stream.localEnded) return;
    const first = headers[0]?.startsWith(":") ?? false;
    const informational = first && headers[1].startsWith("1");
    const legal = first
      ? this.isServer && !stream.headersSent && !(informational && end)
      : stream.headersSent && end;
    if (!legal) return;
    if (!informational) stream.headersSent = true;
    if (end) stream.localEnded = true;
    this.connection.sendHeaders(stream.id, headers, end);
  }

  #send(stream: StreamView | undefined, size: number, end: boolean): void {
    if (stream === undefined || stream.localEnded || !stream.headersSent) return;
    if (end) stream.localEnded = true;
    const queued = this.connection.queuedBytes;
    this.connection.sendData(stream.id, new Uint8Array(size).fill(0x61), end);
    const more = this.connection.queuedBytes - queued;
    check(more === 0 || more === size || this.connection.closed, `sendData of ${size} queued ${more}`);
  }

  #appReset(stream: StreamView | undefined, code: number): void {
    if (stream === undefined) return;
    if (code === 0 && stream.localEnded) stream.mayBeGone = true;
    else stream.gone = true;
    this.connection.reset(stream.id, code);
  }

  #consume(stream: StreamView | undefined, size: number): void {
    if (stream === undefined) return;
    const bytes = Math.min(size, stream.unconsumed);
    stream.unconsumed -= bytes;
    this.connection.consume(stream.id, bytes);
  }

  /** A handler that outlives its stream, and its end. */
  #hold(hold: boolean): void {
    if (!this.isServer || this.#held === (hold ? MAX_HELD : 0)) return;
    if (hold) this.connection.holdSlot();
    else this.connection.releaseSlot();
    this.#held += hold ? 1 : -1;
  }

  #react(event: string, stream: StreamView | undefined, bytes: number): void {
    const { policy } = this.one;
    if (event === "data" && policy.consume) this.#consume(stream, bytes);
    if (this.#reactions++ > MAX_REACTIONS) return;
    const others = () => this.events.live.find((one) => one !== stream);
    switch (event) {
      case "headers":
        if (policy.onHeaders === 1) this.#respond(stream, OK, true);
        else if (policy.onHeaders === 2) {
          this.#respond(stream, OK, false);
          this.#send(stream, 5_000, false);
          this.#respond(stream, TRAILERS, true);
          if (stream?.remoteEnded === false) this.#appReset(stream, 0);
        } else if (policy.onHeaders === 3) this.#appReset(stream, 8);
        else if (policy.onHeaders === 4) this.connection.goaway(0);
        else if (policy.onHeaders === 5) this.connection.goaway(2);
        else if (policy.onHeaders === 6) this.#hold(true);
        return;
      case "data":
        if (policy.onData === 1) this.#appReset(stream, 8);
        else if (policy.onData === 2) {
          this.#respond(stream, OK, false);
          this.#send(stream, bytes, false);
        } else if (policy.onData === 3) this.#appReset(others(), 8);
        else if (policy.onData === 4) this.connection.goaway(2);
        else if (policy.onData === 5) this.#request(APP_REQUESTS[0], false);
        return;
      case "reset":
      case "goaway":
        if (policy.onReset === 1) this.#appReset(others(), 8);
        else if (policy.onReset === 2) this.#send(others(), 100, true);
        else if (policy.onReset === 3) this.connection.goaway(0);
        else if (policy.onReset === 4) this.#request(APP_REQUESTS[0], true);
        return;
      case "writable":
        if (policy.onWritable === 1) this.#send(stream, 70_000, false);
        else if (policy.onWritable === 2) this.#appReset(stream, 8);
    }
  }

  // The world.

  /** `max` 0 takes all that there is. */
  #take(max: number): void {
    const limit = max === 0 || max === Infinity ? Infinity : max;
    for (let takes = 0;; takes++) {
      check(takes < MAX_TAKES, "takeOutput never ends");
      const closedBefore = this.events.closed;
      const view = this.connection.takeOutput(limit === Infinity ? undefined : limit);
      if (view === undefined) {
        if (closedBefore) this.#flushedAfterClose = true;
        return;
      }
      check(!this.#flushedAfterClose, `${view.length} bytes came after the last of a closed connection`);
      check(view.length > 0 && view.length <= limit, `takeOutput(${limit}) gave ${view.length}`);
      check(view.length <= this.#mostPacked, `${view.length} bytes were packed at once`);
      this.wire.output(view);
      if (limit !== Infinity) return;
    }
  }

  /** Packed output: the buffer's bound, one block or frame more, answers, and WINDOW_UPDATE for what came. */
  get #mostPacked(): number {
    const answers = MAX_QUEUED_CONTROL_FRAMES * 30;
    const windowUpdates = this.wire.inputDataFrames * 52;
    const ownRequests = this.isServer ? 0 : this.events.streams.size * LARGEST_BLOCK_BYTES;
    return OUTPUT_BUFFER_BYTES + 2 * LARGEST_BLOCK_BYTES + answers + windowUpdates + ownRequests +
      this.one.steps.length * 300;
  }

  #wait(ms: number): void {
    const end = this.#nowMs + ms;
    for (let ticks = 0; this.#nowMs < end; ticks++) {
      check(ticks < 10_000, `${ticks} ticks in ${ms} ms`);
      const due = this.connection.nextTimeoutMs(this.#nowMs) ?? Infinity;
      this.#nowMs = Math.min(end, this.#nowMs + Math.max(1, due));
      this.connection.tick(this.#nowMs);
    }
  }

  /** The end of it all: everything that the run began goes, and nothing is left. */
  finish(): void {
    this.#cut = 0;
    this.#deliver();
    const { connection, events, wire } = this;
    if (!events.closed && wire.atFrameStart) this.#returnToBaseline();
    connection.end(this.#nowMs);
    check(events.closes === 1, `onClosed was called ${events.closes} times`);
    check(
      connection.openStreams === 0 && connection.queuedBytes === 0,
      "a closed connection holds something",
    );
    this.#take(0);
    const http1 = events.error?.code === 0xd;
    check(http1 || wire.outputIsWhole, "the output ends inside a frame");
    this.#peer(frame(FrameType.PING, 0, 0, new Uint8Array(8)));
    connection.ping(new Uint8Array(8));
    connection.goaway(2);
    connection.tick(this.#nowMs + 1e9);
    connection.end(this.#nowMs);
    this.#take(0);
    check(connection.nextTimeoutMs(this.#nowMs) === undefined, "a closed connection waits for something");
  }

  #returnToBaseline(): void {
    const { connection, events, wire } = this;
    if (this.one.ready || connection.nextTimeoutMs(this.#nowMs) !== undefined) {
      this.#peer(settingsFrame([]));
    }
    this.#take(0);
    while (wire.settingsAcksOwed > 0 && !events.closed) this.#peer(frame(FrameType.SETTINGS, Flag.ACK, 0));
    for (const stream of events.live) {
      // What is whole already may have gone without a word; the engine ignores a reset of it then.
      stream.mayBeGone ||= stream.localEnded && stream.remoteEnded;
      if (connection.closed) break;
      if (!stream.mayBeGone) stream.gone = true;
      connection.reset(stream.id, 8);
    }
    while (this.#held > 0) this.#hold(false);
    this.#take(0);
    if (events.closed) return;
    check(connection.openStreams === 0, `${connection.openStreams} streams are left`);
    check(connection.queuedBytes === 0, `${connection.queuedBytes} bytes are left`);
    for (let pings = wire.pings.shift(); pings !== undefined; pings = wire.pings.shift()) {
      this.#peer(frame(FrameType.PING, Flag.ACK, 0, pings));
    }
    this.#take(0);
    if (events.closed) return;
    // A peer that answered a PING wrongly before makes the graceful end wait.
    if (wire.goaways > 0) this.#wait(GOAWAY_PING_TIMEOUT_MS);
    if (events.closed) return;
    const due = connection.nextTimeoutMs(this.#nowMs);
    check(due === undefined, `an idle connection waits ${due} ms for something`);
    check(
      wire.announcedBytes * 2 >= wire.window,
      `the peer has ${wire.announcedBytes} of ${wire.window} bytes left`,
    );
    this.#reactions = MAX_REACTIONS + 1;
    if (wire.goaways === 0 && this.#nextPeerId < 1e9) this.#leak();
    if (this.isServer && !events.closed) this.#probe();
  }

  /** DATA that nobody wants goes back at once: after an update the peer has the whole window, or some was lost. */
  #leak(): void {
    const { events, wire } = this;
    if (this.isServer) this.#peer(headerFrames(this.#newPeerId(1), literals(peerList(true, 1)), false, 0));
    else this.#request(APP_REQUESTS[0], false);
    const stream = events.live.at(-1);
    if (events.closed || stream === undefined || stream.mayBeGone) return;
    this.#appReset(stream, 8);
    for (let left = wire.announcedBytes; left > 0 && !events.closed;) {
      const before = wire.announcedBytes;
      const size = Math.min(16_384, left);
      this.#peer(dataFrame(stream.id, size, false, -1));
      this.#take(0);
      left -= size;
      if (wire.announcedBytes <= before - size) continue;
      check(
        wire.announcedBytes === wire.window,
        `the window is ${wire.announcedBytes} of ${wire.window} bytes`,
      );
      return;
    }
    check(events.closed, `${wire.window} bytes were sent and none came back`);
  }

  /** As many calls as a fresh connection would take. */
  #probe(): void {
    if (this.#maxStreams > 5 || this.wire.goaways > 0 || this.#nextPeerId > 1e9) return;
    const before = this.events.streams.size;
    for (let i = 0; i < this.#maxStreams; i++) {
      const list = literals(peerList(true, 1));
      this.#peer(headerFrames(this.#newPeerId(1), list, false, 0));
    }
    if (this.events.closed) return;
    const more = this.events.streams.size - before;
    check(more === this.#maxStreams, `only ${more} of ${this.#maxStreams} streams could be opened again`);
  }
}
