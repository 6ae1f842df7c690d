// Which calls are traced, and where their spans go: [telemetry] of the configuration, changed while the agent runs.
// A call that isn't traced costs two comparisons and nothing on the heap. Must never hold up or fail a call.
import type { CallTrace, CallTracer } from "../../grpc/call_trace.ts";
import { type Clock, systemClock } from "../../grpc/clock.ts";
import type { Dial, Peer } from "../../grpc/conn.ts";
import { TokenBucket } from "../../http2/token_bucket.ts";
import { OtlpClient } from "../otlp/otlp_client.ts";
import type { Collected } from "../registry.ts";
import type { Resources } from "../otlp/resources.ts";
import { SpanExport } from "./span_export.ts";
import type { ReadableSpan } from "./span.ts";
import { newTraceId, parseTraceparent, readTracestate } from "./trace_context.ts";
import { TracedCall, type TraceKeeper } from "./traced_call.ts";
import { WallClock } from "./wall_clock.ts";

/** Calls traced in a second, at most: a caller may ask for a trace of every call, and each costs some tens of microseconds. */
export const MAX_TRACES_PER_SECOND = 1_000;
/** How long the last spans may take at the end. */
const CLOSE_GRACE_MS = 500;

export interface TracingSettings {
  /** The collector's address; empty: nothing is traced. */
  readonly otlp: string;
  /** The part of calls that is traced, of those whose caller says nothing: 0 to 1. */
  readonly sample: number;
}

export interface TracingOptions {
  readonly resources: Resources;
  /** Opens connections to a collector. */
  readonly dialTo: (address: string) => Dial;
  readonly clock?: Clock;
  /** Gives 0 to 1. */
  readonly random?: () => number;
  /** Hears when a collector begins to lose spans, and when it takes them again. */
  readonly onCollector?: (address: string, works: boolean, error?: unknown) => void;
}

/** Since the start. */
export interface TraceCounts {
  readonly sent: number;
  /** Of calls that found no room, and what a collector didn't take. */
  readonly lost: number;
}

export class Tracing implements CallTracer, TraceKeeper {
  readonly resources: Resources;
  readonly #clock: Clock;
  readonly #wall: WallClock;
  readonly #random: () => number;
  readonly #pace: TokenBucket;
  #client: OtlpClient | undefined;
  #export: SpanExport | undefined;
  #settings: TracingSettings = { otlp: "", sample: 0 };
  #sent = 0;
  #lost = 0;

  constructor(private readonly options: TracingOptions) {
    this.resources = options.resources;
    this.#clock = options.clock ?? systemClock;
    this.#wall = new WallClock(this.#clock);
    this.#random = options.random ?? Math.random;
    this.#pace = new TokenBucket(MAX_TRACES_PER_SECOND, MAX_TRACES_PER_SECOND, this.#clock.nowMs());
  }

  /** The present collector, for what else it is told. */
  get collector(): OtlpClient | undefined {
    return this.#client;
  }

  get counts(): TraceCounts {
    return { sent: this.#sent, lost: this.#lost };
  }

  /** For /metrics. */
  readonly collect = (): Collected => ({
    gatehouse_spans_sent_total: [{ labels: {}, value: this.#sent }],
    gatehouse_spans_lost_total: [{ labels: {}, value: this.#lost }],
  });

  /** Puts other settings in force; spans for the collector before are sent or lost. */
  configure(settings: TracingSettings): void {
    const before = this.#settings.otlp;
    this.#settings = settings;
    if (settings.otlp === before) return;
    void this.#export?.close(CLOSE_GRACE_MS);
    this.#client = settings.otlp === ""
      ? undefined
      : new OtlpClient(settings.otlp, this.options.dialTo(settings.otlp));
    this.#export = this.#client && this.#exportTo(this.#client);
  }

  async close(): Promise<void> {
    const last = this.#export;
    this.#client = this.#export = undefined;
    await last?.close(CLOSE_GRACE_MS);
  }

  begin(
    method: string,
    peer: Peer,
    head: { readonly traceparent: string; readonly tracestate: string },
    startedMs: number,
    first: boolean,
  ): CallTrace | undefined {
    if (this.#export === undefined) return undefined;
    if (head.traceparent === "" && this.#random() >= this.#settings.sample) return undefined;
    return this.#begin(method, peer, head, startedMs, first, this.#export);
  }

  nowMs(): number {
    return this.#wall.nowMs();
  }

  add(span: ReadableSpan): void {
    if (this.#export?.add(span) !== true) this.#lost++;
  }

  #begin(
    method: string,
    peer: Peer,
    head: { readonly traceparent: string; readonly tracestate: string },
    startedMs: number,
    first: boolean,
    to: SpanExport,
  ): CallTrace | undefined {
    const parent = parseTraceparent(head.traceparent);
    if (parent !== undefined && !parent.sampled) return undefined;
    // What can't be read is as if there were none.
    if (parent === undefined && head.traceparent !== "" && this.#random() >= this.#settings.sample) {
      return undefined;
    }
    if (!to.hasRoom || !this.#pace.take(1, startedMs)) {
      this.#lost++;
      return undefined;
    }
    return new TracedCall(this, {
      method,
      peer,
      traceId: parent?.traceId ?? newTraceId(),
      tracestate: parent === undefined ? "" : readTracestate(head.tracestate),
      remoteParentId: parent?.spanId,
      startedMs,
      offsetMs: this.#wall.offsetMs(startedMs),
      first,
    });
  }

  #exportTo(client: OtlpClient): SpanExport {
    const { onCollector } = this.options;
    let works: boolean | undefined;
    const tell = (now: boolean, error?: unknown) => {
      if (works !== now && (works !== undefined || !now)) onCollector?.(client.address, now, error);
      works = now;
    };
    return new SpanExport({
      client,
      clock: this.#clock,
      onSent: (spans) => {
        this.#sent += spans;
        tell(true);
      },
      onLost: (spans, error) => {
        this.#lost += spans;
        tell(false, error);
      },
    });
  }
}
