import { expect, test } from "vitest";
import { compareReports, comparisonRows } from "./compare.ts";
import { type BenchReport, parseReport, ReportError, type ServiceReport } from "./document.ts";
import { reportNotes } from "./text.ts";

const service = (rate: number, p99: number, more: Partial<ServiceReport> = {}): ServiceReport => ({
  service: "echo",
  calls: 1_000,
  ok: 1_000,
  failed: 0,
  errors: {},
  elapsed_s: 1,
  rate,
  late_starts: null,
  client_cpu: 0.5,
  latency_us: { mean: p99, p50: p99, p90: p99, p99, p99_9: p99, p99_99: p99, max: p99 },
  histogram: "",
  ...more,
});

const report = (services: ServiceReport[], options: Partial<BenchReport["options"]> = {}): BenchReport => ({
  schema_version: 1,
  started_at: "2026-11-21T08:00:00.000Z",
  interrupted: false,
  options: {
    server: "tcp://127.0.0.1:50051",
    services: ["echo"],
    connections: 8,
    streams: 1,
    processes: 1,
    rate: null,
    requests: null,
    duration_ms: 1_000,
    warmup_ms: 0,
    payload_bytes: 18,
    timeout_ms: 1_000,
    ...options,
  },
  machine: { cores: 2, cpu: "x", os: "linux", deno: "2", v8: "14", load_average: 0 },
  services,
});

test("ratios are B's figure by A's", () => {
  const { services, differences, slower } = compareReports(
    report([service(100, 50)]),
    report([service(150, 25)]),
  );
  expect(services[0].figures.rate).toEqual({ a: 100, b: 150, ratio: 1.5 });
  expect(services[0].figures.p99).toEqual({ a: 50, b: 25, ratio: 0.5 });
  expect([differences, slower]).toEqual([[], []]);
});

test("options and machines that differ are told, the load of the moment isn't", () => {
  const other = report([service(1, 1)], { rate: 50, streams: 4 });
  const machine = { ...other.machine, deno: "3", load_average: 9 };
  expect(compareReports(report([service(1, 1)]), { ...other, machine, interrupted: true }).differences)
    .toEqual([
      "interrupted: false | true",
      "streams: 1 | 4",
      "rate: none | 50",
      "deno: 2 | 3",
    ]);
});

test("a closed loop is judged by its rate, an open one by its p50 and p99", () => {
  const worse = (a: BenchReport, b: BenchReport, percent: number) =>
    compareReports(a, b, percent).slower.length;
  expect(worse(report([service(100, 50)]), report([service(96, 500)]), 5)).toBe(0);
  expect(worse(report([service(100, 50)]), report([service(94, 50)]), 5)).toBe(1);
  const open = (p99: number) => report([service(100, p99)], { rate: 100 });
  expect(worse(open(100), open(104), 5)).toBe(0);
  expect(worse(open(100), open(106), 5)).toBe(2);
});

test("a service that B lacks, or did nothing in, is slower whatever the percentage", () => {
  const a = report([service(100, 50)]);
  expect(compareReports(a, report([]), 99).slower).toHaveLength(1);
  expect(compareReports(a, report([service(0, 0, { latency_us: null })]), 99).slower).toHaveLength(1);
  expect(compareReports(a, report([])).unmatched).toEqual(["echo"]);
});

test("what was never measured has a dash, not a number", () => {
  const none = report([service(0, 0, { latency_us: null, failed: 3 })]);
  const rows = comparisonRows(compareReports(none, none));
  expect(rows).toContainEqual(["echo", "p99 ms", "-", "-", "-"]);
  expect(rows).toContainEqual(["echo", "failed", "3", "3", ""]);
});

test("a report is read back as it was written, and nothing else is", () => {
  const one = report([service(100, 50, { errors: { INTERNAL: { count: 1, first: "x" } } })]);
  expect(parseReport(JSON.stringify(one))).toEqual(one);
  for (const text of ["", "[]", "null", "{}", '{"schema_version":2}', '{"schema_version":1}']) {
    expect(() => parseReport(text)).toThrow(ReportError);
  }
  expect(() => parseReport(JSON.stringify({ ...one, services: [{ ...service(1, 1), rate: "fast" }] })))
    .toThrow(
      /services\.0\.rate/,
    );
});

test("errors, late starts and a busy client each have their line", () => {
  const failing = service(1, 1, { errors: { INTERNAL: { count: 2, first: "broken" } } });
  expect(reportNotes(report([failing]))).toEqual(["echo: 2 x INTERNAL, the first: broken"]);
  const late = service(1, 1, { late_starts: { count: 5, max_us: 7_000 }, client_cpu: 1 });
  expect(reportNotes(report([late]))[0]).toMatch(/5 of 1000 calls started late, by 7\.000 ms/);
  expect(reportNotes(report([service(1, 1, { client_cpu: 0.97 })]))[0]).toMatch(/97% of a core/);
  expect(reportNotes(report([service(1, 1)]))).toEqual([]);
});
