import fc from "fast-check";
import { expect, test } from "vitest";
import {
  formatTraceparent,
  newSpanId,
  newTraceId,
  parseTraceparent,
  readTracestate,
} from "./trace_context.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";

test("the specification's own examples name their parents", () => {
  expect(parseTraceparent(`00-${TRACE}-${SPAN}-01`)).toEqual({ traceId: TRACE, spanId: SPAN, sampled: true });
  expect(parseTraceparent(`00-${TRACE}-${SPAN}-00`)).toEqual({
    traceId: TRACE,
    spanId: SPAN,
    sampled: false,
  });
  expect(parseTraceparent(`00-${TRACE}-${SPAN}-03`)).toMatchObject({ sampled: true });
});

test("a later version is read as far as it is known, and may have more", () => {
  expect(parseTraceparent(`cc-${TRACE}-${SPAN}-01-what-the-future-brings`)).toMatchObject({ traceId: TRACE });
  expect(parseTraceparent(`cc-${TRACE}-${SPAN}-01.what`)).toBeUndefined();
});

test.each([
  ["", "nothing"],
  [`00-${TRACE}-${SPAN}`, "no flags"],
  [`00-${TRACE}-${SPAN}-01-more`, "more than this version has"],
  [`ff-${TRACE}-${SPAN}-01`, "the version that is none"],
  [`00-${"0".repeat(32)}-${SPAN}-01`, "no trace"],
  [`00-${TRACE}-${"0".repeat(16)}-01`, "no span"],
  [`00-${TRACE.toUpperCase()}-${SPAN}-01`, "capitals"],
  [` 00-${TRACE}-${SPAN}-01`, "a space"],
  [`00-${TRACE}-${SPAN}-0x`, "flags that are no number"],
])("%j names no parent: %s", (text) => {
  expect(parseTraceparent(text)).toBeUndefined();
});

test("what is written is read again, and whatever comes is read or ignored", () => {
  fc.assert(fc.property(fc.constant(0), () => {
    const [traceId, spanId] = [newTraceId(), newSpanId()];
    expect(parseTraceparent(formatTraceparent(traceId, spanId))).toEqual({ traceId, spanId, sampled: true });
  }));
  const almost = fc.stringMatching(/^[0-9a-f]{2}-[0-9a-fA-F]{31,33}-[0-9a-f]{15,17}-[0-9a-g]{2}(-x)?$/);
  fc.assert(fc.property(fc.oneof(fc.string(), almost), (text) => {
    const parent = parseTraceparent(text);
    if (parent === undefined) return;
    expect(text.slice(3, 52)).toBe(`${parent.traceId}-${parent.spanId}`);
  }));
});

test("ids don't repeat", () => {
  expect(new Set(Array.from({ length: 10_000 }, newSpanId)).size).toBe(10_000);
  expect(newTraceId()).toMatch(/^[0-9a-f]{32}$/);
});

test("a tracestate is handed on without spaces, or not at all", () => {
  expect(readTracestate("rojo=00f067aa0ba902b7 , congo=t61rcWkgMzE")).toBe(
    "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
  );
  expect(readTracestate("fw529a3039@dt=FfAQAD")).toBe("fw529a3039@dt=FfAQAD");
  for (
    const bad of ["a", "a=", "A=1", "a=1,a=2", "a=1,b", "a=b=c", `a=${"1".repeat(600)}`, "a=\u00e4", "@a=1"]
  ) expect([bad, readTracestate(bad)]).toEqual([bad, ""]);
  expect(readTracestate(Array.from({ length: 33 }, (_, i) => `k${i}=1`).join())).toBe("");
});

test("whatever a tracestate is, what is handed on is bounded and is read as itself", () => {
  fc.assert(fc.property(fc.string({ maxLength: 700 }), (text) => {
    const state = readTracestate(text);
    expect(state.length).toBeLessThanOrEqual(512);
    expect(readTracestate(state)).toBe(state);
  }));
});
