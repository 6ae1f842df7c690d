import { expect, test } from "vitest";
import type { DoorFigures, DoorResults } from "./figures.ts";
import { markdown } from "./report.ts";

const door = (rate: number, cpu: number): DoorFigures => ({
  rate,
  cpu,
  serverShare: 1,
  clientShare: 0.5,
  lowest: rate,
  highest: rate,
});

const results: DoorResults = {
  machine: { processor: "a processor", cores: 2, kernel: "6.1", load: 0.1 },
  date: "2026-11-21",
  pinned: true,
  rounds: 5,
  seconds: 1,
  servers: { edge: "ours", nginx: "nginx/1.22.1" },
  sides: { "edge + agent": "ours", "tonic + rustls": "theirs" },
  missing: ["haproxy: it is missing; apt-get install haproxy"],
  doors: {
    "full, 1.3": { edge: door(4_000, 250e-6), nginx: door(1_000, 1e-3) },
    "client to backend": { edge: door(900e6, 1e-9), nginx: door(600e6, 2e-9) },
  },
  echo: [{
    form: "varying",
    column: "8x32",
    sides: {
      "edge + agent": { rate: 200_000, cpuUs: 5, cpuUsEach: [1.25, 3.75], clientShare: 0.4 },
      "tonic + rustls": { rate: 100_000, cpuUs: 10, cpuUsEach: [10], clientShare: 0.4 },
    },
  }],
};

test("each figure stands beside its CPU, and each ratio is above 1 where ours is ahead", () => {
  const lines = markdown(results).split("\n");
  expect(lines).toContain("| edge | 4000 (250) |");
  expect(lines).toContain("| edge / nginx, rate | 4.00 |");
  expect(lines).toContain("| nginx / edge, CPU | 4.00 |");
  expect(lines).toContain("| edge | 900 (1.00) |");
  expect(lines).toContain("| nginx / edge, CPU | 2.00 |");
  expect(lines).toContain("| edge + agent | 200.0k (1.25 + 3.75) |");
  expect(lines).toContain("| edge + agent / tonic + rustls, rate | 2.00 |");
  expect(lines).toContain("| tonic + rustls / edge + agent, CPU | 2.00 |");
});

test("what is missing is named with its reason, and a section that wasn't measured has no table", () => {
  const text = markdown({ ...results, doors: {}, echo: [] });
  expect(text).toContain("- not measured: haproxy: it is missing; apt-get install haproxy");
  expect(text).not.toContain("####");
});
