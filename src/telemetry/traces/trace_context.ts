// W3C Trace Context: which trace a call belongs to, as callers say it and as we say it to others.
// Must never refuse a call for what it says here: what is malformed is as if it weren't there.
import { Buffer } from "node:buffer";
import { getRandomValues } from "node:crypto";

/** What a caller's `traceparent` names. */
export interface ParentContext {
  /** 32 lower-case hexadecimal digits, not all zero. */
  readonly traceId: string;
  /** 16 of them. */
  readonly spanId: string;
  readonly sampled: boolean;
}

/** Version 00 in full: `00-<trace id>-<parent id>-<flags>`. */
const TRACEPARENT_UNITS = 55;
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/s;
const SAMPLED = 0x01;

/** Section 3.3.1.5: this much should be handed on. More is another's burden on every call of a trace. */
const MAX_TRACESTATE_UNITS = 512;
/** Section 3.3.1.1. */
const MAX_MEMBERS = 32;
/** Sections 3.3.1.3.1 and 3.3.1.3.2. */
const MEMBER =
  /^(?:[a-z0-9][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/** The parent that `text` names; undefined when it names none (section 3.2). */
export function parseTraceparent(text: string): ParentContext | undefined {
  // Nearly all calls have none, and what is too short needs no pattern.
  if (text.length < TRACEPARENT_UNITS) return undefined;
  const match = TRACEPARENT.exec(text);
  if (match === null) return undefined;
  const [, version, traceId, spanId, flags, more] = match;
  // A later version may have more to say; this one has not.
  if (version === "ff" || (version === "00" && more !== undefined)) return undefined;
  if (isZero(traceId) || isZero(spanId)) return undefined;
  return { traceId, spanId, sampled: (parseInt(flags, 16) & SAMPLED) !== 0 };
}

/** For others: ours is a sampled trace, or there would be none. */
export const formatTraceparent = (traceId: string, spanId: string) => `00-${traceId}-${spanId}-01`;

/** A `tracestate` that may be handed on; empty when it is malformed or longer than that. */
export function readTracestate(text: string): string {
  if (text.length > MAX_TRACESTATE_UNITS) return "";
  const members = text.split(",").map((member) => member.replace(/^[ \t]+|[ \t]+$/g, "")).filter((one) =>
    one !== ""
  );
  if (members.length > MAX_MEMBERS || !members.every((member) => MEMBER.test(member))) return "";
  const keys = new Set(members.map((member) => member.slice(0, member.indexOf("="))));
  return keys.size === members.length ? members.join(",") : "";
}

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;
/** Random bytes are dear by the call, not by the byte. */
const pool = Buffer.alloc(4096);
let used = pool.length;

export const newTraceId = (): string => randomId(TRACE_ID_BYTES);
export const newSpanId = (): string => randomId(SPAN_ID_BYTES);

function randomId(bytes: number): string {
  for (;;) {
    if (used + bytes > pool.length) {
      getRandomValues(pool);
      used = 0;
    }
    const id = pool.toString("hex", used, used += bytes);
    if (!isZero(id)) return id;
  }
}

/** @param id of 16 or 32 digits */
const isZero = (id: string) => ZEROS.startsWith(id);
const ZEROS = "0".repeat(2 * TRACE_ID_BYTES);
