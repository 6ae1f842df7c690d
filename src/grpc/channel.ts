// A gRPC channel over our engine: an ordered list of addresses, one connection at a time, calls that wait for it.
// It is a grpc-js Channel too, so that stubs of grpc-js run over it (`ClientOptions.channelOverride`).
import { type ChannelInterface, connectivityState, type Deadline, propagate, status } from "@grpc/grpc-js";
import { Backoff } from "./backoff.ts";
import { type ChannelOptions, keepaliveOf } from "./channel_options.ts";
import type { CallListener, CallStart } from "./call_start.ts";
import { type CallHome, ClientCall } from "./client_call.ts";
import type { ClientConnection, ConnectionOwner } from "./client_connection.ts";
import type { KeepaliveConfig } from "./client_keepalive.ts";
import { type Clock, systemClock, type Timer } from "./clock.ts";
import type { Encoding } from "./compression.ts";
import { connect, type Target } from "./connector.ts";
import { DeadlineQueue } from "./deadline_queue.ts";
import {
  CONNECT_TIMEOUT_MS,
  KEEPALIVE_SLOWER,
  MAX_CALLS_PER_CONNECTION,
  MAX_QUEUED_CALLS,
  MAX_RECEIVE_MESSAGE_BYTES,
  PROVED_AFTER_MS,
} from "./limits.ts";
import { deadlineToMs, type ParentCall, parentDeadlineMs } from "./parent_call.ts";
import { RequestHeaders } from "./request_headers.ts";
import { StateWatchers } from "./state_watchers.ts";
import { type Call, StubCall } from "./stub_call.ts";

export { type ChannelOptions, fromGrpcJsOptions } from "./channel_options.ts";
export type { Target } from "./connector.ts";

/**
 * ```ts
 * const channel = new Channel([{ address, dial: dialer(address) }]);
 * const stub = new EchoClient("unused", credentials.createInsecure(), { channelOverride: channel });
 * ```
 */
export class Channel implements ChannelInterface, CallHome, ConnectionOwner {
  readonly maxReceiveMessageBytes: number;
  readonly maxSendMessageBytes: number;
  readonly headers: RequestHeaders;
  encoding: Encoding;
  #keepalive: KeepaliveConfig | undefined;
  readonly #clock: Clock;
  readonly #deadlines: DeadlineQueue;
  readonly #watchers: StateWatchers;
  readonly #backoff: Backoff;
  readonly #connections = new Set<ClientConnection>();
  readonly #closing = new AbortController();
  /** In order of arrival; a Set, so that one that ends leaves at once. */
  readonly #waiting = new Set<ClientCall>();
  #roomAsked = false;
  #current: ClientConnection | undefined;
  #state = connectivityState.IDLE;
  #pause: Timer | undefined;
  /** Why the last attempt, or the last connection, failed; undefined before there was one. */
  #lastFailure: string | undefined;

  /** @param targets tried in order; when one fails the next answers */
  constructor(private readonly targets: readonly Target[], private readonly options: ChannelOptions = {}) {
    if (targets.length === 0) throw new TypeError("a channel needs at least one address");
    this.maxReceiveMessageBytes = options.maxReceiveMessageBytes ?? MAX_RECEIVE_MESSAGE_BYTES;
    this.maxSendMessageBytes = options.maxSendMessageBytes ?? Infinity;
    this.encoding = options.encoding ?? "identity";
    this.#keepalive = keepaliveOf(options);
    this.#clock = options.clock ?? systemClock;
    this.#deadlines = new DeadlineQueue(this.#clock);
    this.headers = new RequestHeaders(targets[0].address, options.authority);
    this.#watchers = new StateWatchers(this.#clock);
    this.#backoff = new Backoff(options.maxBackoffMs);
  }

  /** Starts a call. The listener gets exactly one status. */
  start(call: CallStart, listener: CallListener): ClientCall {
    // A look at the clock is dear beside the rest: a call without a deadline needs none.
    const timed = call.deadlineMs !== undefined || call.parent !== undefined;
    const startedMs = timed ? this.#clock.nowMs() : 0;
    let deadlineMs = call.deadlineMs === undefined ? Infinity : startedMs + Math.max(0, call.deadlineMs);
    if (call.parent !== undefined) {
      deadlineMs = Math.min(deadlineMs, parentDeadlineMs(call.parent, propagate.DEFAULTS, this.#clock));
    }
    const one = new ClientCall(this, call, startedMs, deadlineMs, listener);
    this.#deadlines.add(one);
    this.place(one);
    return one;
  }

  // ---- grpc-js's Channel ----

  createCall(
    method: string,
    deadline: Deadline,
    host: string | null | undefined,
    parentCall: ParentCall | null,
    propagateFlags: number | null | undefined,
  ): Call {
    if (this.#state === connectivityState.SHUTDOWN) throw new Error("Channel has been shut down");
    const flags = propagateFlags ?? propagate.DEFAULTS;
    let deadlineMs = deadlineToMs(deadline, this.#clock);
    if (parentCall) deadlineMs = Math.min(deadlineMs, parentDeadlineMs(parentCall, flags, this.#clock));
    const call = new StubCall(this, method, deadlineMs, host ?? undefined);
    if (parentCall) call.follow(parentCall, flags);
    return call;
  }

  /** What this channel holds: calls without a stream, calls with one, calls with a deadline. */
  get counts(): { waiting: number; open: number; deadlines: number } {
    let open = 0;
    for (const connection of this.#connections) open += connection.openCalls;
    return { waiting: this.#waiting.size, open, deadlines: this.#deadlines.size };
  }

  getTarget(): string {
    return this.targets.map(({ address }) => address).join(",");
  }

  getConnectivityState(tryToConnect: boolean): connectivityState {
    if (tryToConnect && this.#state === connectivityState.IDLE) this.#connect();
    return this.#state;
  }

  watchConnectivityState(
    known: connectivityState,
    deadline: Date | number,
    callback: (error?: Error) => void,
  ): void {
    if (this.#state === connectivityState.SHUTDOWN) throw new Error("Channel has been shut down");
    this.#watchers.add(this.#state, known, deadlineToMs(deadline, this.#clock), callback);
  }

  /** Channelz is not offered; grpc-js asks for a reference all the same. */
  getChannelzRef(): ReturnType<ChannelInterface["getChannelzRef"]> {
    // The type is an enum that grpc-js keeps to itself.
    return { kind: "channel", id: -1, name: this.getTarget() } as unknown as ReturnType<
      ChannelInterface["getChannelzRef"]
    >;
  }

  /** No new calls; waiting ones fail, those under way go on. */
  close(): void {
    if (this.#state === connectivityState.SHUTDOWN) return;
    this.#setState(connectivityState.SHUTDOWN);
    this.#pause?.cancel();
    this.#closing.abort(new Error("the channel was closed"));
    this.#failWaiting(() => true, "Channel closed before the call started");
    this.#current = undefined;
    for (const connection of this.#connections) connection.drain();
  }

  // ---- what calls ask ----

  nowMs(): number {
    return this.#clock.nowMs();
  }

  /** The server told what it can read, and that is not what this channel compresses with. */
  refusedEncoding(encoding: Encoding): void {
    if (this.encoding === encoding) this.encoding = "identity";
  }

  waitingFor(): string {
    return this.#current === undefined
      ? `a connection (${this.#lastFailure ?? `${this.targets[0].address} hasn't answered yet`})`
      : `a free stream (${this.#current.openCalls} calls are open)`;
  }

  place(call: ClientCall): void {
    if (this.#state === connectivityState.SHUTDOWN) {
      return call.cancel(status.UNAVAILABLE, "The channel is closed");
    }
    if (this.#current !== undefined && this.#waiting.size === 0 && this.#attach(call, this.#current)) return;
    if (call.ended) return;
    if (this.#state === connectivityState.TRANSIENT_FAILURE && !call.waitForReady) {
      return call.cancel(status.UNAVAILABLE, this.#unavailable());
    }
    if (this.#waiting.size >= MAX_QUEUED_CALLS) {
      return call.cancel(
        status.RESOURCE_EXHAUSTED,
        `${MAX_QUEUED_CALLS} calls wait for ${this.waitingFor()} already`,
      );
    }
    this.#waiting.add(call);
    call.hasWaited = true;
    if (this.#state === connectivityState.IDLE) this.#connect();
  }

  ended(call: ClientCall): void {
    this.#deadlines.remove(call);
    this.#waiting.delete(call);
  }

  // ---- what connections tell ----

  onReady(): void {}

  /** Looks after the event: inside it the engine still counts the stream that ends. */
  onRoom(connection: ClientConnection): void {
    if (connection !== this.#current || this.#waiting.size === 0 || this.#roomAsked) return;
    this.#roomAsked = true;
    queueMicrotask(this.#placeWaiting);
  }

  readonly #placeWaiting = (): void => {
    this.#roomAsked = false;
    const connection = this.#current;
    if (connection === undefined) return;
    for (const call of this.#waiting) {
      if (!connection.canOpen) return;
      if (this.#attach(call, connection)) this.#waiting.delete(call);
    }
  };

  onDraining(connection: ClientConnection): void {
    const { pingedTooOften } = connection;
    if (pingedTooOften && this.#keepalive !== undefined) {
      this.#keepalive = { ...this.#keepalive, timeMs: this.#keepalive.timeMs * KEEPALIVE_SLOWER };
    }
    if (connection !== this.#current) return;
    this.#lastFailure = `${connection.peer.address}: ${connection.reason}`;
    this.#lose(this.#proved(connection) || connection.graceful);
  }

  onEnded(connection: ClientConnection, reason: string): void {
    this.#connections.delete(connection);
    this.#lastFailure = `${connection.peer.address}: ${reason}`;
    if (connection === this.#current) this.#lose(this.#proved(connection));
  }

  /** Whether a connection that we lose was good; then the next attempts begin with short pauses again. */
  #proved(connection: ClientConnection): boolean {
    const proved = connection.proved || this.nowMs() - connection.startedMs >= PROVED_AFTER_MS;
    if (proved) this.#backoff.reset();
    return proved;
  }

  /** False: no room. A call whose headers can't be sent fails. */
  #attach(call: ClientCall, connection: ClientConnection): boolean {
    try {
      return call.attach(connection);
    } catch (error) {
      call.cancel(status.INTERNAL, error instanceof Error ? error.message : String(error));
      return true;
    }
  }

  /** The current connection takes no more calls. A server that ends them before any answer is as good as none. */
  #lose(proved: boolean): void {
    this.#current = undefined;
    if (this.#state === connectivityState.SHUTDOWN) return;
    if (!proved) return this.#fail();
    this.#setState(connectivityState.IDLE);
    if (this.#waiting.size > 0) this.#connect();
  }

  #connect(): void {
    this.#setState(connectivityState.CONNECTING);
    const options = {
      http2: this.options.http2 ?? {},
      clock: this.#clock,
      keepalive: this.#keepalive,
      maxCalls: this.options.maxCallsPerConnection ?? MAX_CALLS_PER_CONNECTION,
      timeoutMs: this.options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    };
    connect(this.targets, this, options, this.#closing.signal).then(
      (connection) => this.#connected(connection),
      (error: Error) => {
        if (this.#state === connectivityState.SHUTDOWN) return;
        this.#lastFailure = error.message;
        this.#fail();
      },
    );
  }

  #connected(connection: ClientConnection): void {
    if (connection.lost !== undefined) {
      if (this.#state === connectivityState.SHUTDOWN) return;
      this.#lastFailure = `${connection.peer.address}: ${connection.lost}`;
      return this.#fail();
    }
    this.#connections.add(connection);
    if (this.#state === connectivityState.SHUTDOWN) return connection.drain();
    this.#current = connection;
    this.#setState(connectivityState.READY);
    if (connection.draining) this.#lose(false);
    else this.onRoom(connection);
  }

  /** No address answers: calls that don't wait fail, the next attempt comes after a pause. */
  #fail(): void {
    this.#setState(connectivityState.TRANSIENT_FAILURE);
    // Before the calls are told: their callers may start new ones.
    this.#pause = this.#clock.startTimer(this.#backoff.next(), () => this.#resume());
    this.#failWaiting((call) => !call.waitForReady, this.#unavailable());
  }

  #resume(): void {
    this.#setState(connectivityState.IDLE);
    if (this.#waiting.size > 0) this.#connect();
  }

  #failWaiting(which: (call: ClientCall) => boolean, details: string): void {
    for (const call of [...this.#waiting]) {
      if (which(call)) call.cancel(status.UNAVAILABLE, details);
    }
  }

  #unavailable(): string {
    return `No connection established. ${this.#lastFailure ?? ""}`.trimEnd();
  }

  #setState(state: connectivityState): void {
    this.#state = state;
    this.#watchers.changed(state);
  }
}
