import { expect, it } from "vitest";
import { nextPhase, type Phase, type PhaseEvent, PHASES } from "./phases.ts";

function walk(from: Phase, ...events: PhaseEvent[]): Phase[] {
  const seen: Phase[] = [];
  events.reduce((phase, event) => (seen.push(nextPhase(phase, event)), seen[seen.length - 1]), from);
  return seen;
}

it("a boot goes from building over booting to ready, and a retry stays in booting", () => {
  expect(walk("stopped", "up", "built", "retry", "healthy")).toEqual([
    "building",
    "booting",
    "booting",
    "ready",
  ]);
});

it("a VM that stops answering is degraded until it answers again or is lost", () => {
  expect(walk("ready", "unhealthy", "healthy", "unhealthy", "lost")).toEqual([
    "degraded",
    "ready",
    "degraded",
    "stopped",
  ]);
});

it("from every phase, down leads to stopped", () => {
  for (const phase of PHASES) expect(nextPhase(phase, "down")).toBe("stopped");
});

it("a way that isn't in the table is a defect and throws", () => {
  expect(() => nextPhase("stopped", "healthy")).toThrow("no way from stopped by healthy");
});
