// One traced call: its spans, those of the edge before it and of the signer behind it, by OpenTelemetry's conventions
// for gRPC. Must never hold what a caller sent: names, times and statuses only.
import { status } from "@grpc/grpc-js";
import type { CallTrace, OutgoingTrace } from "../../grpc/call_trace.ts";
import type { Peer } from "../../grpc/conn.ts";
import type { Resources } from "../otlp/resources.ts";
import { peerAttributes } from "./peer_attributes.ts";
import { type Attributes, finishedSpan, type ReadableSpan, SpanKind } from "./span.ts";
import { formatTraceparent, newSpanId } from "./trace_context.ts";

export interface TracedCallInit {
  readonly method: string;
  readonly peer: Peer;
  readonly traceId: string;
  readonly tracestate: string;
  /** The caller's own span. */
  readonly remoteParentId?: string;
  /** On the server's clock. */
  readonly startedMs: number;
  /** Makes a time of the server's clock one since 1970. */
  readonly offsetMs: number;
  /** Of its connection: what the edge did for that belongs to its trace. */
  readonly first: boolean;
}

/** What a traced call needs of those who keep traces. */
export interface TraceKeeper {
  readonly resources: Resources;
  nowMs(): number;
  add(span: ReadableSpan): void;
}

/** The statuses that are the server's fault (semantic conventions for gRPC, "server"). */
const FAULTS: ReadonlySet<status> = new Set([
  status.UNKNOWN,
  status.DEADLINE_EXCEEDED,
  status.UNIMPLEMENTED,
  status.INTERNAL,
  status.UNAVAILABLE,
  status.DATA_LOSS,
]);

export class TracedCall implements CallTrace {
  readonly #spanId = newSpanId();

  constructor(private readonly keeper: TraceKeeper, private readonly init: TracedCallInit) {}

  outgoing(method: string): OutgoingTrace {
    return new Outgoing(this.keeper, this.init, this.#spanId, method);
  }

  end(code: status, endedMs: number): void {
    const { keeper, init } = this;
    const { method, peer, traceId, tracestate, remoteParentId, offsetMs } = init;
    const remote = remoteParentId === undefined ? undefined : { spanId: remoteParentId, isRemote: true };
    const edge = init.first ? this.#edgeSpan(remote) : undefined;
    if (edge !== undefined) keeper.add(edge);
    const failed = FAULTS.has(code);
    keeper.add(finishedSpan({
      name: nameOf(method),
      kind: SpanKind.SERVER,
      resource: keeper.resources.agent,
      traceId,
      spanId: this.#spanId,
      tracestate,
      parent: edge === undefined ? remote : { spanId: edge.spanContext().spanId, isRemote: true },
      startMs: init.startedMs + offsetMs,
      endMs: endedMs + offsetMs,
      attributes: callAttributes(method, code, failed),
      peer: peerAttributes(peer),
      failed,
    }));
  }

  /** From the kernel's connection to the end of the TLS handshake. */
  #edgeSpan(parent: { spanId: string; isRemote: boolean } | undefined): ReadableSpan | undefined {
    const { peer, traceId, tracestate } = this.init;
    const { edge, tls } = peer;
    if (edge === undefined) return undefined;
    return finishedSpan({
      name: tls === undefined ? "accept" : "TLS handshake",
      kind: SpanKind.SERVER,
      resource: this.keeper.resources.edge,
      traceId,
      spanId: newSpanId(),
      tracestate,
      parent,
      startMs: edge.acceptedUs / 1_000,
      endMs: (edge.handshakeEndUs ?? edge.acceptedUs) / 1_000,
      attributes: tlsAttributes(tls?.version),
      peer: peerAttributes(peer),
    });
  }
}

/** A call of the signer: what it took here, and what the signer says that it took there. */
class Outgoing implements OutgoingTrace {
  readonly #spanId = newSpanId();
  readonly #startedMs: number;

  constructor(
    private readonly keeper: TraceKeeper,
    private readonly init: TracedCallInit,
    private readonly parentId: string,
    private readonly method: string,
  ) {
    this.#startedMs = keeper.nowMs();
  }

  get traceparent(): string {
    return formatTraceparent(this.init.traceId, this.#spanId);
  }

  get tracestate(): string {
    return this.init.tracestate;
  }

  end(code: status, signer?: { readonly queue_us: number; readonly sign_us: number }): void {
    const { keeper, init, method } = this;
    const { traceId, tracestate, offsetMs } = init;
    const startMs = this.#startedMs + offsetMs;
    const endMs = keeper.nowMs() + offsetMs;
    const failed = code !== status.OK;
    keeper.add(finishedSpan({
      name: nameOf(method),
      kind: SpanKind.CLIENT,
      resource: keeper.resources.agent,
      traceId,
      spanId: this.#spanId,
      tracestate,
      parent: { spanId: this.parentId, isRemote: false },
      startMs,
      endMs,
      attributes: callAttributes(method, code, failed),
      failed,
    }));
    if (signer === undefined) return;
    // The signer says how long, not when: it began after we asked, and was done before we knew.
    const queueEndMs = startMs + signer.queue_us / 1_000;
    this.#signerSpan("queue", startMs, Math.min(queueEndMs, endMs));
    this.#signerSpan(
      "sign",
      Math.min(queueEndMs, endMs),
      Math.min(queueEndMs + signer.sign_us / 1_000, endMs),
    );
  }

  #signerSpan(name: string, startMs: number, endMs: number): void {
    const { traceId, tracestate } = this.init;
    this.keeper.add(finishedSpan({
      name,
      kind: SpanKind.INTERNAL,
      resource: this.keeper.resources.signer,
      traceId,
      spanId: newSpanId(),
      tracestate,
      parent: { spanId: this.#spanId, isRemote: true },
      startMs,
      endMs,
      attributes: {},
    }));
  }
}

/** Some hundred methods with the statuses that they end with. */
const MAX_KNOWN = 2_048;

/** `package.Service/Method`: the name of the span and of the method. */
const nameOf = (path: string) => path.slice(1);

/** By method and code: methods are those that are served, so there are few. */
const known = new Map<string, Attributes>();

function callAttributes(path: string, code: status, failed: boolean): Attributes {
  const key = `${path} ${code} ${failed}`;
  let attributes = known.get(key);
  if (attributes === undefined) {
    const name = status[code] ?? String(code);
    attributes = {
      "rpc.system.name": "grpc",
      "rpc.method": nameOf(path),
      "rpc.response.status_code": name,
      ...(failed && { "error.type": name }),
    };
    if (known.size < MAX_KNOWN) known.set(key, attributes);
  }
  return attributes;
}

/** "TLSv1.3" as the conventions have it. */
function tlsAttributes(version: string | undefined): Attributes {
  return version === undefined
    ? {}
    : { "tls.protocol.name": "tls", "tls.protocol.version": version.replace("TLSv", "") };
}
