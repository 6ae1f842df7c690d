import { expect, test } from "vitest";
import { benchOptions, parseDuration } from "./bench_options.ts";

const none = () => undefined;
const from = (variables: Record<string, string>) => (name: string) => variables[name];

test("without anything told there are defaults", () => {
  expect(benchOptions({}, none)).toEqual({
    options: {
      connections: 8,
      streams: 1,
      processes: 1,
      requests: undefined,
      rate: undefined,
      durationMs: 10_000,
      warmupMs: 2_000,
      services: ["echo"],
      payloadBytes: 18,
    },
    output: undefined,
    fromEnvironment: [],
  });
});

test("the seed's environment names are read, and a flag wins over its variable", () => {
  const env = from({
    CONNECTIONS: "4",
    THREADS: "2",
    REQUESTS: "100",
    RATE_LIMIT: "50",
    SERVICE: "rsa_sign",
    DURATION: "30s",
    BENCHMARK_OUTPUT: "out.json",
  });
  const told = benchOptions({}, env);
  expect(told.options).toMatchObject({
    connections: 4,
    processes: 2,
    requests: 100,
    rate: 50,
    services: ["rsa_sign"],
    durationMs: 30_000,
  });
  expect(told.output).toBe("out.json");
  expect(told.fromEnvironment).toContain("THREADS=2");
  const mixed = benchOptions({ connections: "16", threads: "3", service: "all", output: "x" }, env);
  expect(mixed.options).toMatchObject({ connections: 16, processes: 3, rate: 50 });
  expect(mixed.options.services).toEqual(["echo", "rsa_sign", "ecc_sign"]);
  expect(mixed.output).toBe("x");
  expect(mixed.fromEnvironment).toEqual(["REQUESTS=100", "RATE_LIMIT=50", "DURATION=30s"]);
});

test("a variable that is empty counts as absent", () => {
  expect(benchOptions({}, from({ CONNECTIONS: "", SERVICE: "" })).options.connections).toBe(8);
});

test("a number of calls alone sets no duration", () => {
  expect(benchOptions({ requests: "5" }, none).options.durationMs).toBeUndefined();
  expect(benchOptions({ requests: "5", duration: "1s" }, none).options.durationMs).toBe(1_000);
});

test("a rate of 0 is none, as a fraction it stands", () => {
  expect(benchOptions({ rate: "0" }, none).options.rate).toBeUndefined();
  expect(benchOptions({ rate: "0.5" }, none).options.rate).toBe(0.5);
});

test("durations have units, a bare number is seconds", () => {
  const durations = {
    "30s": 30_000,
    "500ms": 500,
    "2m": 120_000,
    "1h": 3_600_000,
    "5": 5_000,
    "1.5s": 1_500,
  };
  for (const [text, durationMs] of Object.entries(durations)) {
    expect(parseDuration("--duration", text, 1)).toBe(durationMs);
  }
});

test("what can't be read is refused by the name it came from", () => {
  expect(() => benchOptions({ connections: "many" }, none)).toThrow(/^--connections many/);
  expect(() => benchOptions({}, from({ THREADS: "-1" }))).toThrow(/^THREADS -1/);
  expect(() => benchOptions({}, from({ DURATION: "soon" }))).toThrow(/^DURATION soon/);
  expect(() => benchOptions({}, from({ RATE_LIMIT: "fast" }))).toThrow(/^RATE_LIMIT fast/);
  expect(() => benchOptions({ duration: "0" }, none)).toThrow(/--duration 0/);
  expect(() => benchOptions({ warmup: "-1s" }, none)).toThrow(/--warmup/);
  expect(() => benchOptions({ service: "dsa_sign" }, none)).toThrow(/no such service/);
  expect(() => benchOptions({ payload: "99999999" }, none)).toThrow(/--payload/);
  expect(() => benchOptions({ processes: "9" }, none)).toThrow(/9 processes for 8 connections/);
});
