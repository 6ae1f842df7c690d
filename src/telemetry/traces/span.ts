// A finished span in the form that OpenTelemetry's serializer reads, and who made it.
// Must never be made for a call that isn't traced.
import {
  type Attributes,
  type HrTime,
  type SpanContext,
  SpanKind,
  type SpanStatus,
  SpanStatusCode,
} from "@opentelemetry/api";
import type { Resource } from "@opentelemetry/resources";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { hrTime } from "./wall_clock.ts";

export type { Attributes } from "@opentelemetry/api";
export { SpanKind } from "@opentelemetry/api";
export type { ReadableSpan } from "@opentelemetry/sdk-trace";

const SAMPLED = 1;
const SCOPE = { name: "gatehouse" };
const NONE: never[] = [];
const UNSET: SpanStatus = { code: SpanStatusCode.UNSET };
const FAILED: SpanStatus = { code: SpanStatusCode.ERROR };

export interface SpanInit {
  readonly name: string;
  readonly kind: SpanKind;
  readonly resource: Resource;
  readonly traceId: string;
  readonly spanId: string;
  readonly tracestate: string;
  /** Absent: the first one of its trace. */
  readonly parent?: { readonly spanId: string; readonly isRemote: boolean };
  /** Milliseconds since 1970. */
  readonly startMs: number;
  readonly endMs: number;
  /** Many spans have the same objects: not to be changed. */
  readonly attributes: Attributes;
  readonly peer?: Attributes;
  /** It failed by this side's doing. */
  readonly failed?: boolean;
}

export const finishedSpan = (init: SpanInit): ReadableSpan => new FinishedSpan(init);

/** Small while it waits: what the serializer asks for is made when it asks. */
class FinishedSpan implements ReadableSpan {
  readonly ended = true;
  readonly links = NONE;
  readonly events = NONE;
  readonly instrumentationScope = SCOPE;
  readonly droppedAttributesCount = 0;
  readonly droppedEventsCount = 0;
  readonly droppedLinksCount = 0;

  constructor(readonly init: SpanInit) {}

  get name(): string {
    return this.init.name;
  }

  get kind(): SpanKind {
    return this.init.kind;
  }

  get resource(): Resource {
    return this.init.resource;
  }

  get attributes(): Attributes {
    const { attributes, peer } = this.init;
    return peer === undefined ? attributes : { ...attributes, ...peer };
  }

  get startTime(): HrTime {
    return hrTime(this.init.startMs);
  }

  get endTime(): HrTime {
    const { startMs, endMs } = this.init;
    return hrTime(Math.max(endMs, startMs));
  }

  get duration(): HrTime {
    const { startMs, endMs } = this.init;
    return hrTime(Math.max(endMs - startMs, 0));
  }

  get status(): SpanStatus {
    return this.init.failed ? FAILED : UNSET;
  }

  get parentSpanContext(): SpanContext | undefined {
    const { traceId, parent } = this.init;
    return parent && { traceId, traceFlags: SAMPLED, ...parent };
  }

  spanContext(): SpanContext {
    const { traceId, spanId, tracestate } = this.init;
    const traceState = tracestate === "" ? undefined : stateOf(tracestate);
    return { traceId, spanId, traceFlags: SAMPLED, traceState };
  }
}

/** It is handed on as it came; nobody here asks for its members. */
function stateOf(text: string): NonNullable<SpanContext["traceState"]> {
  const state = { serialize: () => text, get: () => undefined, set: () => state, unset: () => state };
  return state;
}
