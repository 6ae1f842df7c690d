import { expect, test } from "vitest";
import { goalLine } from "../goals.ts";
import { goalsOf, type ManyKeys, overOfTonic, type SignFigures, type SigningResults } from "./figures.ts";
import { markdown } from "./report.ts";

const figures = (rate: number, ...cpuUsEach: number[]): SignFigures => ({
  rate,
  cpuUs: cpuUsEach.reduce((sum, us) => sum + us, 0),
  cpuUsEach,
  clientShare: 0.2,
  lowest: rate,
  highest: rate,
});

const row = (own: SignFigures) => ({
  task: "P-256",
  bareUs: 11,
  sides: { tonic: figures(45_000, 21), agent: own },
  h2load: { tonic: 45_500, agent: 36_000 },
});

const results = (own: SignFigures, batch?: SignFigures): SigningResults => ({
  machine: { processor: "a processor", cores: 2, kernel: "6.1", load: 0.1 },
  date: "2026-01-02",
  pinned: true,
  rounds: 5,
  seconds: 2,
  sides: { tonic: "the anchor", agent: "ours" },
  missing: ["grpc-go: go is missing"],
  rows: [row(own)],
  batch,
  alone: { tonic: { p50: 70, p99: 90 } },
});

const manyKeys = (startMs: number, uniform: number, zipf: number): ManyKeys => ({
  keys: 100_000,
  startMs,
  signerRssBytes: 90e6,
  ten: figures(1_000, 10),
  uniform: figures(uniform, 10),
  zipf: figures(zipf, 10),
});

test("CPU over the bare operation counts all processes of a side", () => {
  expect(overOfTonic(row(figures(36_000, 12, 14)), "agent")).toBe(1.5);
  expect(overOfTonic(row(figures(36_000, 12, 14)), "tonic")).toBe(1);
  expect(overOfTonic(row(figures(36_000, 12, 14)), "grpc-go")).toBeUndefined();
});

test("each goal is met at its figure and missed below, and has no line unmeasured", () => {
  const met = (of: SigningResults) => goalsOf(of).map((goal) => goal.met);
  expect(met(results(figures(31_500, 12, 14)))).toEqual([true, true]);
  expect(met(results(figures(31_400, 12, 14.1)))).toEqual([false, false]);
  expect(met(results(figures(31_500, 12, 14), figures(45_000, 20)))).toEqual([true, true, true]);
  expect(goalsOf({ ...results(figures(1, 1)), rows: [] })).toEqual([]);
  const [first] = goalsOf(results(figures(36_000, 12, 14)));
  expect(first && goalLine(first)).toBe("goal P-256: of tonic: 0.7: 0.80 met");
});

test("the report has each process's CPU, the ratio, and what was not measured", () => {
  const text = markdown(results(figures(36_000, 12, 14)));
  expect(text).toMatch(/agent +\| 36\.0k \(12\.00 \+ 14\.00\)/);
  expect(text).toMatch(/agent \/ tonic, rate +\| 0\.80/);
  expect(text).toMatch(/agent \/ tonic, CPU over the operation +\| 1\.50/);
  expect(text).toContain("not measured: grpc-go: go is missing");
  expect(text).not.toContain("SignBatch");
  expect(text).toContain("tonic 70 and 90");
  expect(text).not.toContain("100,000");
});

test("many keys have their goals: the start, and the share of ten keys' rate", () => {
  const found = (many: ManyKeys) => {
    const some = { ...results(figures(1, 1)), rows: [], manyKeys: many };
    expect(markdown(some)).toMatch(/by Zipf's law +\| [\d.k]+ \(10\.00\) +\| 0\.9/);
    return goalsOf(some).map(({ met }) => met);
  };
  expect(found(manyKeys(2_000, 900, 970))).toEqual([true, true, true]);
  expect(found(manyKeys(2_001, 899, 969))).toEqual([false, false, false]);
});
