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
import { Application } from "./application.ts";
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
import { Peer } from "./peer.ts";
import type { ConnectionCase, Step } from "./steps.ts";
import { check, WireJudge } from "./wire_judge.ts";

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
  readonly app: Application;
  readonly peer: Peer;
  readonly config: Partial<Http2Config>;
  readonly isServer: boolean;
  #nowMs = 1_000;
  #flushedAfterClose = false;
  readonly #maxStreams: number;

  constructor(readonly one: ConnectionCase) {
    this.config = CONFIGS[one.config];
    this.isServer = one.role === "server";
    this.events = new EventJudge(this.isServer);
    this.wire = new WireJudge(
      one.role,
      this.config.streamWindowBytes ?? 262_144,
      this.config.connectionWindowBytes ?? CONNECTION_WINDOW,
    );
    this.#maxStreams = this.isServer ? this.config.maxConcurrentStreams ?? 1_000 : Infinity;
    this.connection = new Connection(one.role, this.config, this.events, this.#nowMs);
    this.app = new Application(this.connection, this.events, one.policy, this.isServer);
    this.peer = new Peer(
      this.connection,
      this.wire,
      this.events,
      this.isServer,
      () => this.#nowMs,
      () => this.app.reactions,
    );
    this.events.react = (event, stream, bytes) => this.app.react(event, stream, bytes);
  }

  begin(): void {
    if (this.isServer) this.peer.send(CLIENT_PREFACE);
    if (!this.one.ready) return;
    this.peer.send(settingsFrame([]));
    this.#take(Infinity);
    this.peer.send(frame(FrameType.SETTINGS, Flag.ACK, 0));
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
        return this.peer.send(frame(step.type, step.flags, this.peer.id(step.stream), step.payload));
      case "raw":
        return this.peer.send(Uint8Array.from(step.bytes));
      case "headers": {
        const block = literals(peerList(this.isServer, step.list), step.form >> 3);
        return this.peer.send(headerFrames(this.peer.headersId(step.stream), block, step.end, step.form));
      }
      case "block":
        return this.peer.send(
          headerFrames(this.peer.headersId(step.stream), Uint8Array.from(step.bytes), step.end, 0),
        );
      case "data":
        return this.peer.data(step);
      case "reset":
        return this.peer.send(frame(FrameType.RST_STREAM, 0, this.peer.id(step.stream), u32(step.code)));
      case "windowUpdate":
        return this.peer.send(frame(FrameType.WINDOW_UPDATE, 0, this.peer.id(step.stream), u32(step.by)));
      case "settings":
        return this.peer.send(settingsFrame(step.pairs));
      case "settingsAck":
        return this.peer.send(frame(FrameType.SETTINGS, Flag.ACK, 0));
      case "ping":
        return this.peer.send(frame(FrameType.PING, 0, 0, [1, 2, 3, 4, 5, 6, 7, this.#nowMs & 0xff]));
      case "pong":
        return this.peer.send(
          frame(FrameType.PING, Flag.ACK, 0, this.wire.pings.shift() ?? new Array(8).fill(9)),
        );
      case "peerGoaway":
        return this.peer.send(
          frame(FrameType.GOAWAY, 0, 0, [...u32(this.peer.id(step.stream)), ...u32(step.code), 0x62, 0xff]),
        );
      case "priority":
        return this.peer.send(
          frame(
            FrameType.PRIORITY,
            0,
            this.peer.id(step.stream),
            [...u32(this.peer.id(step.on)), 7].slice(0, step.on),
          ),
        );
      case "flood":
        for (let i = 0; i < step.times && !this.events.closed; i++) {
          this.peer.send(floodFrame(step.what, this.peer.id(5), () => this.peer.newId(1)));
        }
        return;
      case "request":
        return this.app.request(APP_REQUESTS[step.list % APP_REQUESTS.length], step.end);
      case "respond":
        return this.app.respond(
          this.#stream(step.stream),
          APP_RESPONSES[step.list % APP_RESPONSES.length],
          step.end,
        );
      case "send":
        return this.app.send(this.#stream(step.stream), step.size, step.end);
      case "appReset":
        return this.app.reset(this.#stream(step.stream), step.code);
      case "consume":
        return this.app.consume(this.#stream(step.stream), step.size);
      case "appPing":
        return connection.ping(Uint8Array.of(1, 1, 1, 1, 1, 1, 1, 1));
      case "appGoaway":
        return connection.goaway(step.code, "why");
      case "hold":
        return this.app.hold(true);
      case "release":
        return this.app.hold(false);
      case "take":
        return void this.#take(step.max);
      case "wait":
        return this.#wait(step.ms);
      case "cut":
        this.peer.cut = step.bytes;
        if (step.bytes >= 0) this.peer.deliver();
    }
  }

  #stream(ref: number): StreamView | undefined {
    const id = this.isServer ? this.peer.id(ref) : Math.max(1, this.app.newestId - 2 * (ref - 5));
    const stream = this.events.streams.get(id);
    return stream === undefined || stream.gone ? undefined : stream;
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
    this.peer.cut = 0;
    this.peer.deliver();
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
    this.peer.send(frame(FrameType.PING, 0, 0, new Uint8Array(8)));
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
      this.peer.send(settingsFrame([]));
    }
    this.#take(0);
    while (wire.settingsAcksOwed > 0 && !events.closed) {
      this.peer.send(frame(FrameType.SETTINGS, Flag.ACK, 0));
    }
    for (const stream of events.live) {
      // What is whole already may have gone without a word; the engine ignores a reset of it then.
      stream.mayBeGone ||= stream.localEnded && stream.remoteEnded;
      if (connection.closed) break;
      if (!stream.mayBeGone) stream.gone = true;
      connection.reset(stream.id, 8);
    }
    while (this.app.held > 0) this.app.hold(false);
    this.#take(0);
    if (events.closed) return;
    check(connection.openStreams === 0, `${connection.openStreams} streams are left`);
    check(connection.queuedBytes === 0, `${connection.queuedBytes} bytes are left`);
    for (let pings = wire.pings.shift(); pings !== undefined; pings = wire.pings.shift()) {
      this.peer.send(frame(FrameType.PING, Flag.ACK, 0, pings));
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
    this.app.calm();
    if (wire.goaways === 0 && this.peer.nextId < 1e9) this.#leak();
    if (this.isServer && !events.closed) this.#probe();
  }

  /** DATA that nobody wants goes back at once: after an update the peer has the whole window, or some was lost. */
  #leak(): void {
    const { events, wire } = this;
    if (this.isServer) {
      this.peer.send(headerFrames(this.peer.newId(1), literals(peerList(true, 1)), false, 0));
    } else this.app.request(APP_REQUESTS[0], false);
    const stream = events.live.at(-1);
    if (events.closed || stream === undefined || stream.mayBeGone) return;
    this.app.reset(stream, 8);
    for (let left = wire.announcedBytes; left > 0 && !events.closed;) {
      const before = wire.announcedBytes;
      const size = Math.min(16_384, left);
      this.peer.send(dataFrame(stream.id, size, false, -1));
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
    if (this.#maxStreams > 5 || this.wire.goaways > 0 || this.peer.nextId > 1e9) return;
    const before = this.events.streams.size;
    for (let i = 0; i < this.#maxStreams; i++) {
      const list = literals(peerList(true, 1));
      this.peer.send(headerFrames(this.peer.newId(1), list, false, 0));
    }
    if (this.events.closed) return;
    const more = this.events.streams.size - before;
    check(more === this.#maxStreams, `only ${more} of ${this.#maxStreams} streams could be opened again`);
  }
}
