// One HTTP/2 connection (RFC 9113) as a state machine: bytes and a time go in, events and bytes come out.
// Must never touch a socket, a timer or a promise, and never throw for what a peer sends.
//
//   bytes --> PrefaceReader --> Inbound --> events        Core: streams, windows, settings, the end
//   bytes <-- Output <--------- Outbound <-- commands     Stalls, deadlines: tick()
import { PROBE_PING } from "./bandwidth.ts";
import { Core } from "./core.ts";
import { ErrorCode, Http2Error } from "./errors.ts";
import type { ConnectionEvents, HeaderList } from "./events.ts";
import { CLIENT_PREFACE } from "./frame.ts";
import { Inbound } from "./inbound.ts";
import {
  DEFAULT_CONFIG,
  GOAWAY_PING_TIMEOUT_MS,
  HEADER_BLOCK_TIMEOUT_MS,
  type Http2Config,
  INITIAL_WINDOW_BYTES,
  MAX_STREAM_ID,
  OUTPUT_BUFFER_BYTES,
} from "./limits.ts";
import { Outbound } from "./outbound.ts";
import { HTTP1_ANSWER, PrefaceReader, type PrefaceVerdict } from "./preface.ts";
import { ownSettings } from "./settings.ts";
import { Stalls } from "./stalls.ts";

export type { ConnectionEvents, HeaderList, HeadersKind } from "./events.ts";
export type { Http2Config } from "./limits.ts";

export type Role = "server" | "client";

/** "gatehous": the PING between the two GOAWAYs of a graceful end. */
const DRAIN_PING = Uint8Array.of(0x67, 0x61, 0x74, 0x65, 0x68, 0x6f, 0x75, 0x73);

/**
 * Either end of a connection. The owner moves bytes: what it reads goes into `receive`, what `takeOutput`
 * gives is written, and after every such turn `nextTimeoutMs` says when `tick` is due.
 *
 * ```ts
 * const connection = new Connection("server", {}, events, performance.now());
 * connection.receive(bytes, performance.now());
 * for (let out = connection.takeOutput(); out; out = connection.takeOutput()) await writeAll(out);
 * if (connection.wantsClose) conn.close();
 * ```
 */
export class Connection {
  readonly #core: Core;
  readonly #inbound: Inbound;
  readonly #outbound: Outbound;
  readonly #stalls: Stalls;
  readonly #startedMs: number;
  /** Undefined once the preface is read (and for a client). */
  #preface: PrefaceReader | undefined;
  /** The first GOAWAY of a graceful end is out and its PING is not answered. */
  #drainAsked = false;
  /** Since when, as the first look after it saw; commands carry no time. -1: not seen yet. */
  #drainAskedMs = -1;
  #drainReason = "";

  /** @throws RangeError when the configuration is outside what RFC 9113 allows */
  constructor(role: Role, config: Partial<Http2Config>, events: ConnectionEvents, nowMs: number) {
    const isServer = role === "server";
    this.#core = new Core(isServer, checkedConfig({ ...DEFAULT_CONFIG, ...config }), events, nowMs);
    this.#outbound = new Outbound(this.#core);
    this.#inbound = new Inbound(this.#core, this.#outbound);
    this.#inbound.onPong = (opaque) => this.#pong(opaque);
    this.#inbound.onProbe = () => this.ping(PROBE_PING);
    this.#stalls = new Stalls(this.#core);
    this.#startedMs = nowMs;
    if (isServer) {
      this.#preface = new PrefaceReader();
    } else {
      this.#core.output.raw(CLIENT_PREFACE);
      this.#announce();
    }
  }

  /** Takes what the transport read, split anywhere. Never throws on peer input. */
  receive(bytes: Uint8Array, nowMs: number): void {
    const core = this.#core;
    core.nowMs = nowMs;
    if (core.closed) return;
    let from = 0;
    if (this.#preface !== undefined) {
      const verdict = this.#preface.read(bytes);
      if (verdict === "more") return;
      if (verdict !== "http2") return this.#refuse(verdict);
      from = this.#preface.taken;
      this.#preface = undefined;
      this.#announce();
    }
    this.#inbound.receive(bytes, from);
  }

  /** The transport ended or failed. Streams that are alive get `onReset(CONNECTION_LOST)`. */
  end(nowMs: number): void {
    const core = this.#core;
    core.nowMs = nowMs;
    const lost = core.streams.size > 0;
    core.finish(
      lost
        ? new Http2Error(ErrorCode.CONNECTION_LOST, "the transport ended with streams open", "transport")
        : undefined,
    );
  }

  /** Runs what is due by time: deadlines, stalls. Cheap when nothing is. */
  tick(nowMs: number): void {
    const core = this.#core;
    core.nowMs = nowMs;
    if (core.closed) return;
    if (!this.#inbound.settingsReceived && nowMs - this.#startedMs >= core.config.prefaceTimeoutMs) {
      if (this.#preface !== undefined && this.#preface.giveUp() === "http1") return this.#refuse("http1");
      if (this.#preface !== undefined) this.#announce();
      return core.fail(ErrorCode.PROTOCOL_ERROR, "preface_timeout", "peer");
    }
    if (this.#waitsForSettingsAck && nowMs - core.settingsSentMs >= core.config.settingsTimeoutMs) {
      return core.fail(ErrorCode.SETTINGS_TIMEOUT, "settings_timeout", "peer");
    }
    if (
      this.#inbound.block.streamId !== 0 && nowMs - this.#inbound.block.sinceMs >= HEADER_BLOCK_TIMEOUT_MS
    ) {
      return core.fail(ErrorCode.ENHANCE_YOUR_CALM, "header_block_timeout", "peer");
    }
    if (this.#drainAsked && this.#drainAskedForMs(nowMs) >= GOAWAY_PING_TIMEOUT_MS) this.#drain();
    this.#stalls.check(nowMs);
  }

  /** Milliseconds until `tick` has something to do, undefined when nothing is timed. */
  nextTimeoutMs(nowMs: number): number | undefined {
    const core = this.#core;
    if (core.closed) return undefined;
    let next = this.#stalls.nextMs() ?? Infinity;
    if (!this.#inbound.settingsReceived) {
      next = Math.min(next, this.#startedMs + core.config.prefaceTimeoutMs - nowMs);
    }
    if (this.#waitsForSettingsAck) {
      next = Math.min(next, core.settingsSentMs + core.config.settingsTimeoutMs - nowMs);
    }
    if (this.#inbound.block.streamId !== 0) {
      next = Math.min(next, this.#inbound.block.sinceMs + HEADER_BLOCK_TIMEOUT_MS - nowMs);
    }
    if (this.#drainAsked) next = Math.min(next, GOAWAY_PING_TIMEOUT_MS - this.#drainAskedForMs(nowMs));
    return next === Infinity ? undefined : Math.max(0, next);
  }

  /**
   * The next bytes to write, undefined when there are none. Everything that is ready is packed into one
   * array, some 64 KiB at most, or `maxBytes`. It is valid until the next call of takeOutput, so write it
   * out before asking again. Calls `onWritable`.
   */
  takeOutput(maxBytes = Infinity): Uint8Array | undefined {
    if (!this.#core.closed) this.#outbound.fill(Math.min(maxBytes, OUTPUT_BUFFER_BYTES));
    const view = this.#core.output.take(Math.max(1, maxBytes));
    this.#outbound.notifyWritable();
    return view;
  }

  /** After output is flushed, close the transport. */
  get wantsClose(): boolean {
    return this.#core.closed;
  }

  /** True from the moment the connection is finished, before the last onReset calls. */
  get closed(): boolean {
    return this.#core.closed;
  }

  /** Why the connection ended, set before the last onReset calls; undefined while it lives or after a clean end. */
  get error(): Http2Error | undefined {
    return this.#core.error;
  }

  /** Body bytes that wait in the streams' queues for the peer's windows or for their turn. */
  get queuedBytes(): number {
    return this.#core.queuedBytes;
  }

  /** Streams that are not gone, half-closed ones included. */
  get openStreams(): number {
    return this.#core.streams.size;
  }

  /** The largest header list that the peer says it takes, in `headerListBytes`; Infinity when it says nothing. */
  get peerMaxHeaderListBytes(): number {
    return this.#core.peer.maxHeaderListBytes;
  }

  /** Places taken in maxConcurrentStreams: open streams, and handlers that outlived theirs. */
  get takenSlots(): number {
    return this.#core.streams.size + this.#core.heldSlots;
  }

  /** Body bytes that came on this stream, without padding; 0 when it is gone. */
  receivedBytes(streamId: number): number {
    return this.#core.find(streamId)?.receivedBytes ?? 0;
  }

  /** Highest stream id that the peer opened. */
  get lastPeerStreamId(): number {
    return this.#core.lastPeerId;
  }

  /** HEADERS, CONTINUATION and DATA frames packed so far. */
  get streamFrames(): number {
    return this.#core.output.streamFrames;
  }

  /** Client: may `request` open a stream now? False at the peer's limit, after GOAWAY, when ids are used up. */
  get canOpenStream(): boolean {
    return this.#outbound.canOpenStream;
  }

  /**
   * Client: opens a stream with a request. Returns its id, -1 if none may be opened now.
   * @param more follows `headers`; fields that change with every request stand here, so that the encoding of
   *   `headers` can be kept
   * @throws TypeError for header names or values that may not be sent
   */
  request(headers: HeaderList, endStream: boolean, more?: HeaderList): number {
    return this.#outbound.request(headers, endStream, more);
  }

  /**
   * Response, informational response (1xx `:status`) or trailers; nothing when the stream is gone.
   * @throws TypeError for headers that may not be sent, or not in this order
   */
  sendHeaders(streamId: number, headers: HeaderList, endStream: boolean): void {
    this.#outbound.sendHeaders(streamId, headers, endStream);
  }

  /**
   * Sends or queues body bytes; the array belongs to the engine from now on. False: it is queued, but back
   * off until onWritable. Nothing when the stream is gone.
   * @throws TypeError before the headers and after the end of the stream
   */
  sendData(streamId: number, data: Uint8Array, endStream: boolean): boolean {
    return this.#outbound.sendData(streamId, data, endStream);
  }

  /**
   * Sends `bytes[0..length)` if all of it may leave now; the array stays the caller's. False: it may not, and
   * nothing happened.
   * @throws TypeError as sendData
   */
  sendNow(streamId: number, bytes: Uint8Array, length: number): boolean {
    return this.#outbound.sendNow(streamId, bytes, length);
  }

  /** Gives received body bytes back to the peer's windows; what a gone stream left is given back by itself. */
  consume(streamId: number, bytes: number): void {
    this.#inbound.consume(streamId, bytes);
  }

  /**
   * Ends a stream with RST_STREAM and drops what it has queued; no event follows. NO_ERROR after the whole
   * response was given waits until that is sent (RFC 9113 section 8.1).
   */
  reset(streamId: number, code: number): void {
    this.#outbound.reset(streamId, code);
  }

  /** Takes a place in maxConcurrentStreams for a stream that is gone while its handler runs on, until `releaseSlot`. */
  holdSlot(): void {
    this.#core.heldSlots++;
  }

  /** A handler that outlived its stream has ended. Once for each `holdSlot`. */
  releaseSlot(): void {
    this.#core.heldSlots--;
  }

  /** Asks for a PING answer, `onPong`. `opaque` is 8 bytes. */
  ping(opaque: Uint8Array): void {
    if (opaque.length !== 8) throw new TypeError("a PING carries 8 bytes");
    if (this.#core.closed) return;
    this.#core.pingsOut++;
    this.#core.output.ping(opaque, 0, false);
  }

  /**
   * NO_ERROR: the graceful end. A server says GOAWAY 2^31-1, and the last id after a PING round trip; what
   * is open goes on, then the connection closes. A second call does not wait for the PING. Any other code
   * ends the connection at once.
   */
  goaway(code: number, debug = ""): void {
    const core = this.#core;
    if (core.closed) return;
    if (code !== ErrorCode.NO_ERROR) return core.fail(code, debug, "local");
    if (this.#preface !== undefined) return core.finish(undefined); // nothing was said yet
    if (core.draining) return;
    this.#drainReason = debug;
    if (!core.isServer || this.#drainAsked) return this.#drain();
    this.#drainAsked = true;
    core.output.goaway(MAX_STREAM_ID, code, debug);
    this.ping(DRAIN_PING);
  }

  get #waitsForSettingsAck(): boolean {
    return this.#core.settingsPending > 0;
  }

  #drainAskedForMs(nowMs: number): number {
    if (this.#drainAskedMs < 0) this.#drainAskedMs = nowMs;
    return nowMs - this.#drainAskedMs;
  }

  /** Our SETTINGS, and the connection's window, which has no setting. */
  #announce(): void {
    const core = this.#core;
    core.sendSettings(ownSettings(core.config, core.isServer));
    const more = core.config.connectionWindowBytes - INITIAL_WINDOW_BYTES;
    if (more > 0) core.output.windowUpdate(0, more);
  }

  #refuse(verdict: PrefaceVerdict): void {
    const core = this.#core;
    if (verdict === "http1") {
      core.output.raw(HTTP1_ANSWER);
      return core.finish(new Http2Error(ErrorCode.HTTP_1_1_REQUIRED, "the client speaks HTTP/1", "peer"));
    }
    this.#announce();
    core.fail(ErrorCode.PROTOCOL_ERROR, "invalid_preface: this is not HTTP/2", "peer");
  }

  #pong(opaque: Uint8Array): void {
    const core = this.#core;
    if (this.#drainAsked && same(opaque, DRAIN_PING)) return this.#drain();
    if (same(opaque, PROBE_PING)) return this.#inbound.probed();
    core.events.onPong?.(opaque, core.nowMs);
  }

  /** The final GOAWAY: what is open now is served, nothing after it. */
  #drain(): void {
    const core = this.#core;
    this.#drainAsked = false;
    core.draining = true;
    if (core.isServer) core.lastServedId = core.lastPeerId;
    core.output.goaway(core.isServer ? core.lastPeerId : 0, ErrorCode.NO_ERROR, this.#drainReason);
    core.closeIfDrained();
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.every((byte, i) => byte === b[i]);
}

function checkedConfig(config: Http2Config): Http2Config {
  within("maxFrameBytes", config.maxFrameBytes, 16_384, 16_777_215);
  within("streamWindowBytes", config.streamWindowBytes, 1, MAX_STREAM_ID);
  within("connectionWindowBytes", config.connectionWindowBytes, INITIAL_WINDOW_BYTES, MAX_STREAM_ID);
  within("maxWindowBytes", config.maxWindowBytes, 0, MAX_STREAM_ID);
  within("maxConcurrentStreams", config.maxConcurrentStreams, 0, MAX_STREAM_ID);
  within("maxHeaderListBytes", config.maxHeaderListBytes, 1, MAX_STREAM_ID);
  return config;
}

function within(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`HTTP/2 ${name} is ${value}; give a whole number from ${least} to ${most}`);
}
