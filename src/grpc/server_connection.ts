// One connection of a caller: HTTP/2 events -> calls.
// Must never throw out of an event: the engine and all other calls of the connection go on.
import { status } from "@grpc/grpc-js";
import {
  Connection,
  type ConnectionEvents,
  ErrorCode,
  type HeaderList,
  type HeadersKind,
  type Http2Error,
} from "../http2/mod.ts";
import type { Http2Config } from "../http2/mod.ts";
import type { CallTrace, CallTracer } from "./call_trace.ts";
import type { Clock } from "./clock.ts";
import { ACCEPT_ENCODING, knownEncoding } from "./compression.ts";
import type { Conn, Peer } from "./conn.ts";
import type { ConnectionPolicy } from "./connection_policy.ts";
import type { DeadlineQueue } from "./deadline_queue.ts";
import { Driver } from "./driver.ts";
import {
  fittingStatus,
  isGrpcContentType,
  isProtoContentType,
  readRequestHead,
  type RequestHead,
  trailers,
} from "./headers.ts";
import { HeldBytes, type TotalHeld } from "./held_bytes.ts";
import { FREE_CALLS, INFLATION_BURST_BYTES, INFLATION_BYTES_PER_SECOND, LINGER_MS } from "./limits.ts";
import type { Method } from "./method.ts";
import type { ServerCall } from "./server_call.ts";
import type { ServerLink } from "./server_link.ts";
import { CallLimit, type ServerObserver } from "./server_observer.ts";
import type { CallStatus } from "./status.ts";
import { PingStrikes } from "./ping_strikes.ts";
import { StreamCall } from "./stream_call.ts";
import { StreamTable } from "../http2/stream_table.ts";
import { UnaryCall } from "./unary_call.ts";
import { type Kept, Upkeep } from "./upkeep.ts";

/** One finished call, for logs and metrics. */
export interface CallRecord {
  /** Counts from 1 in each server, or over those that share their counts. */
  readonly callId: number;
  readonly peer: Peer;
  /** The `:path` that was asked for. Free text of the caller's when `known` is false: no metric's label. */
  readonly method: string;
  readonly known: boolean;
  readonly status: status;
  readonly durationMs: number;
  /** What the handler threw, rejected with or failed on, where the caller saw less of it. */
  readonly error?: unknown;
}

/**
 * Decides on a call of a known method by its headers alone, before a byte of its body is read.
 * Undefined lets it in; a status ends it. It must not throw.
 */
export type Admit = (path: string, peer: Peer, headers: HeaderList) => CallStatus | undefined;

/** What all connections of a server share. */
export interface ServerCore {
  readonly methods: ReadonlyMap<string, Method>;
  readonly clock: Clock;
  readonly deadlines: DeadlineQueue;
  readonly maxReceiveMessageBytes: number;
  readonly maxSendMessageBytes: number;
  readonly held: TotalHeld;
  readonly http2: Partial<Http2Config>;
  readonly policy: ConnectionPolicy;
  /** Undefined: every call is let in. */
  readonly admit: Admit | undefined;
  /** Undefined: no call is traced. */
  readonly tracer: CallTracer | undefined;
  nextCallId(): number;
  /** Undefined: nobody wants records, so none are made. */
  readonly onCall: ((record: CallRecord) => void) | undefined;
  /** Undefined: nobody counts. */
  readonly observer: ServerObserver | undefined;
}

const NO_METHOD = (path: string): CallStatus => ({
  code: status.UNIMPLEMENTED,
  details: `The server does not implement the method ${path}`,
});

export class ServerConnection implements ConnectionEvents, ServerLink, Kept {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly deadlines: DeadlineQueue;
  readonly maxReceiveMessageBytes: number;
  readonly maxSendMessageBytes: number;
  readonly peer: Peer;
  readonly held: HeldBytes;
  readonly observer: ServerObserver | undefined;
  readonly transport: number;
  readonly #calls = new StreamTable<ServerCall>();
  readonly #driver: Driver;
  readonly #strikes: PingStrikes;
  /** When what was inflated so far would have come at the rate that is allowed. */
  #inflatedUntilMs = 0;
  readonly #upkeep: Upkeep;
  #lastHeaders: HeaderList | undefined;
  #lastHead: RequestHead | undefined;
  #called = false;
  #error: Http2Error | undefined;
  #refusal: string | undefined;

  constructor(private readonly core: ServerCore, conn: Conn) {
    // A transport may give one object to all its connections; what is kept by Peer is of this one only.
    this.peer = { ...conn.peer };
    this.clock = core.clock;
    this.deadlines = core.deadlines;
    this.maxReceiveMessageBytes = core.maxReceiveMessageBytes;
    this.maxSendMessageBytes = core.maxSendMessageBytes;
    this.held = new HeldBytes(core.held);
    this.observer = core.observer;
    this.transport = core.observer?.transport(this.peer) ?? 0;
    this.connection = new Connection("server", core.http2, this, core.clock.nowMs());
    this.#driver = new Driver(conn, this.connection, core.clock, LINGER_MS, () => {
      this.held.setOutput(this.connection.queuedBytes, this.connection.takenSlots);
    });
    this.#strikes = new PingStrikes(core.policy);
    this.#upkeep = new Upkeep(core.policy, this, this.turnMs);
  }

  get turnMs(): number {
    return this.#driver.turnMs;
  }

  get lastReadMs(): number {
    return this.#driver.turnMs;
  }

  calls(): readonly ServerCall[] {
    return this.#calls.values();
  }

  /** Looks after age, idleness, keepalive and stalled requests; once a second. */
  sweep(nowMs: number): void {
    this.#upkeep.sweep(nowMs);
  }

  /** Ends with the connection; says why, if it didn't end well. */
  async run(): Promise<Http2Error | undefined> {
    await this.#driver.run();
    this.held.release();
    return this.#error;
  }

  /** GOAWAY: calls under way go on, then the connection closes by itself. */
  drain(): void {
    this.connection.goaway(ErrorCode.NO_ERROR);
    this.wake();
  }

  /** Turns the caller away before its first call, once it has shown that it will understand why. */
  refuse(reason: string): void {
    this.#refusal = reason;
  }

  onSettings(): void {
    if (this.#refusal !== undefined) this.connection.goaway(ErrorCode.ENHANCE_YOUR_CALM, this.#refusal);
  }

  onPing(nowMs: number): void {
    const { connection } = this;
    if (this.#strikes.allow(nowMs, connection.streamFrames, this.#calls.size)) return;
    connection.goaway(ErrorCode.ENHANCE_YOUR_CALM, "too_many_pings");
  }

  inflated(excessBytes: number): void {
    const nowMs = this.turnMs;
    this.#inflatedUntilMs = Math.max(this.#inflatedUntilMs, nowMs) +
      excessBytes / INFLATION_BYTES_PER_SECOND * 1_000;
    const burstMs = INFLATION_BURST_BYTES / INFLATION_BYTES_PER_SECOND * 1_000;
    const pauseUntilMs = this.#inflatedUntilMs - burstMs;
    if (pauseUntilMs > nowMs) this.observer?.limited(CallLimit.INFLATION);
    this.#driver.pauseReads(pauseUntilMs);
  }

  retired(reason: string): void {
    this.observer?.limited(reason);
  }

  close(): void {
    this.#driver.close();
  }

  wake(): void {
    this.#driver.wake();
  }

  onHeaders(streamId: number, headers: HeaderList, endStream: boolean, kind: HeadersKind): void {
    if (kind === "trailers") this.#calls.get(streamId)?.receiveEnd();
    else this.#begin(streamId, headers, endStream);
  }

  onData(streamId: number, data: Uint8Array, endStream: boolean): void {
    const call = this.#calls.get(streamId);
    if (call === undefined) this.connection.consume(streamId, data.length);
    else call.receive(data, endStream);
  }

  onReset(streamId: number): void {
    this.#calls.get(streamId)?.reset();
  }

  onWritable(streamId: number): void {
    this.#calls.get(streamId)?.onWritable();
  }

  onGoaway(): void {}

  onStreamError(error: Http2Error): void {
    const { code } = error;
    const byLimit = code === ErrorCode.REFUSED_STREAM || code === ErrorCode.ENHANCE_YOUR_CALM;
    if (byLimit) this.observer?.limited(error.message);
  }

  onClosed(error: Http2Error | undefined): void {
    this.#error = error;
  }

  ended(call: ServerCall, code: status, error: unknown): void {
    this.#calls.delete(call.streamId);
    call.trace?.end(code, this.clock.nowMs());
    this.#record(call.method.path, call.method, code, call.startedMs, error);
  }

  #begin(streamId: number, headers: HeaderList, endStream: boolean): void {
    if (this.#refusal !== undefined) return;
    if (this.connection.openStreams > FREE_CALLS && !this.held.hasRoom(0)) {
      // An answer would have to wait, as a stream, for a peer that may not read.
      this.observer?.limited(CallLimit.HELD_BYTES);
      return this.connection.reset(streamId, ErrorCode.REFUSED_STREAM);
    }
    const head = this.#head(headers);
    if (head.method !== "POST") {
      const extra = ["allow", "POST"];
      // RFC 9110, 9.3.2: the answer to HEAD has no body.
      const text = head.method === "HEAD" ? "" : "gRPC calls use POST.\n";
      return this.#refuse(streamId, endStream, "405", text, extra);
    }
    if (!isProtoContentType(head.contentType)) return this.#refuseContentType(streamId, endStream, head);
    const method = this.core.methods.get(head.path);
    if (method === undefined || head.path.charCodeAt(0) !== 0x2f) {
      return this.#fail(streamId, endStream, head, NO_METHOD(head.path));
    }
    const refusal = this.core.admit?.(method.path, this.peer, headers);
    if (refusal !== undefined) return this.#fail(streamId, endStream, head, refusal);
    if (head.timeoutMs !== head.timeoutMs) {
      const details = `Invalid grpc-timeout value "${head.timeout}"`;
      return this.#fail(streamId, endStream, head, { code: status.INTERNAL, details });
    }
    if (knownEncoding(head.encoding) === undefined) {
      const details = `Received message compressed with unsupported encoding "${head.encoding}"`;
      const extra = ["grpc-accept-encoding", ACCEPT_ENCODING];
      return this.#fail(streamId, endStream, head, { code: status.UNIMPLEMENTED, details }, extra);
    }
    const trace = this.#trace(method.path, head);
    const call = method.kind === "unary"
      ? new UnaryCall(this, streamId, method, head, headers, trace)
      : new StreamCall(this, streamId, method, head, headers, trace);
    this.#calls.set(streamId, call);
    method.observer?.started(this.transport);
    if (call instanceof StreamCall) call.start();
    if (endStream) call.receiveEnd();
  }

  /** The engine gives the same array for a block that repeats, so its reading repeats too. */
  #head(headers: HeaderList): RequestHead {
    if (headers !== this.#lastHeaders || this.#lastHead === undefined) {
      this.#lastHeaders = headers;
      this.#lastHead = readRequestHead(headers);
    }
    return this.#lastHead;
  }

  #trace(path: string, head: RequestHead): CallTrace | undefined {
    const first = !this.#called;
    this.#called = true;
    return this.core.tracer?.begin(path, this.peer, head, this.turnMs, first);
  }

  /** A gRPC status for a call that never began. */
  #fail(
    streamId: number,
    endStream: boolean,
    head: RequestHead,
    ending: CallStatus,
    extra?: HeaderList,
  ): void {
    const headers = trailers(fittingStatus(ending, this.connection.peerMaxHeaderListBytes), true);
    this.connection.sendHeaders(streamId, extra ? headers.concat(extra) : headers, true);
    if (!endStream) this.connection.reset(streamId, ErrorCode.NO_ERROR);
    const method = this.core.methods.get(head.path);
    const nowMs = this.clock.nowMs();
    // An unknown method's name is the caller's free text: no span's name.
    if (method !== undefined) this.#trace(method.path, head)?.end(ending.code, nowMs);
    (method === undefined ? this.observer?.unknown : method.observer)?.started(this.transport);
    this.#record(head.path, method, ending.code, nowMs, undefined);
  }

  /** gRPC of another codec gets a gRPC answer; anything else may not be able to read one. */
  #refuseContentType(streamId: number, endStream: boolean, head: RequestHead): void {
    if (isGrpcContentType(head.contentType)) {
      const details =
        `Unsupported content-type "${head.contentType}": use application/grpc or application/grpc+proto`;
      this.#fail(streamId, endStream, head, { code: status.UNIMPLEMENTED, details });
    } else {
      const text = "This is a gRPC server: content-type is application/grpc.\n";
      this.#refuse(streamId, endStream, "415", text);
    }
  }

  /** An HTTP answer for what is no gRPC call. */
  #refuse(streamId: number, endStream: boolean, code: string, text: string, extra: HeaderList = []): void {
    const body = new TextEncoder().encode(text);
    const headers = [":status", code, "content-type", "text/plain", "content-length", String(body.length)];
    this.connection.sendHeaders(streamId, headers.concat(extra), body.length === 0);
    if (body.length > 0) this.connection.sendData(streamId, body, true);
    if (!endStream) this.connection.reset(streamId, ErrorCode.NO_ERROR);
  }

  #record(path: string, method: Method | undefined, code: status, startedMs: number, error: unknown): void {
    const callId = this.core.nextCallId();
    const { onCall } = this.core;
    const observer = method === undefined ? this.observer?.unknown : method.observer;
    if (onCall === undefined && observer === undefined) return;
    const durationMs = this.clock.nowMs() - startedMs;
    observer?.ended(this.transport, code, durationMs);
    if (onCall === undefined) return;
    const { peer } = this;
    try {
      onCall({ callId, peer, method: path, known: method !== undefined, status: code, durationMs, error });
    } catch {
      // A log that fails must not end the calls of this connection.
    }
  }
}
