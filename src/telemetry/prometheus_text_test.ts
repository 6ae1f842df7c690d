import fc from "fast-check";
import { expect, test } from "vitest";
import { samplesOf, sumOf } from "./prometheus_text.ts";

test("names, labels and values are read; comments and what is no sample are left out", () => {
  const text = [
    "# HELP calls Calls.",
    "# TYPE calls counter",
    'calls_total{method="/a.B/C",code="OK"} 12',
    'calls_total{code="NOT_FOUND",} 3 1700000000000',
    "lag_seconds 1.5e-3",
    'le_bucket{le="+Inf"} +Inf # {trace_id="x"} 0.1',
    "",
    "not a sample",
    "# EOF",
  ].join("\n");
  expect(samplesOf(text)).toEqual([
    { name: "calls_total", labels: { method: "/a.B/C", code: "OK" }, value: 12 },
    { name: "calls_total", labels: { code: "NOT_FOUND" }, value: 3 },
    { name: "lag_seconds", labels: {}, value: 0.0015 },
    { name: "le_bucket", labels: { le: "+Inf" }, value: Infinity },
  ]);
  expect(sumOf(samplesOf(text), "calls_total")).toBe(15);
  expect(sumOf(samplesOf(text), "calls_total", { code: "OK" })).toBe(12);
  expect(sumOf(samplesOf(text), "absent")).toBeUndefined();
});

test("whatever a label's value is, it comes back", () => {
  const escape = (value: string) =>
    value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
  // A text has no line end other than \n: \r and the like are a value's own, and stay in one line.
  fc.assert(fc.property(fc.string({ unit: "binary-ascii" }), (value) => {
    expect(samplesOf(`m{a="${escape(value)}",b="2"} 1`)).toEqual([
      { name: "m", labels: { a: value, b: "2" }, value: 1 },
    ]);
  }));
});

test("no text makes it fail", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    samplesOf(text);
  }));
});
