// A finished span in the form that OpenTelemetry's serializer reads, and who made it.
// Must never be made for a call that isn't traced.
import { type Attributes, type SpanContext, SpanKind, SpanStatusCode } from "@opentelemetry/api";
import type { Resource } from "@opentelemetry/resources";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { hrTime } from "./wall_clock.ts";

export type { Attributes } from "@opentelemetry/api";
export { SpanKind } from "@opentelemetry/api";
export type { ReadableSpan } from "@opentelemetry/sdk-trace";

const SAMPLED = 1;
const SCOPE = { name: "gatehouse" };
const NONE: never[] = [];

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
  readonly attributes: Attributes;
  /** It failed by this side's doing. */
  readonly failed?: boolean;
}

export function finishedSpan(init: SpanInit): ReadableSpan {
  const { traceId, spanId, tracestate, parent, startMs } = init;
  const endMs = Math.max(init.endMs, startMs);
  const traceState = tracestate === "" ? undefined : stateOf(tracestate);
  const context: SpanContext = { traceId, spanId, traceFlags: SAMPLED, traceState };
  return {
    name: init.name,
    kind: init.kind,
    spanContext: () => context,
    parentSpanContext: parent && { traceId, traceFlags: SAMPLED, ...parent },
    startTime: hrTime(startMs),
    endTime: hrTime(endMs),
    duration: hrTime(endMs - startMs),
    status: { code: init.failed ? SpanStatusCode.ERROR : SpanStatusCode.UNSET },
    attributes: init.attributes,
    links: NONE,
    events: NONE,
    ended: true,
    resource: init.resource,
    instrumentationScope: SCOPE,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

/** It is handed on as it came; nobody here asks for its members. */
function stateOf(text: string): NonNullable<SpanContext["traceState"]> {
  const state = { serialize: () => text, get: () => undefined, set: () => state, unset: () => state };
  return state;
}
