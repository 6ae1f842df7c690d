import { expect, test } from "vitest";
import { timerAlarm } from "./alarm.ts";
import { closedLoop } from "./closed_loop.ts";
import { LatencyHistogram } from "./histogram.ts";
import { NOT_SENT, openLoop } from "./open_loop.ts";
import { Schedule } from "./schedule.ts";
import { lanesOf } from "./share.ts";
import { mergeTallies, Tally } from "./tally.ts";
import { FakeServer } from "./testkit.ts";

const span = { startMs: 0, measureFromMs: 1_000, endMs: 11_000, timeoutMs: 5_000 };

interface Load {
  rate: number;
  lanes?: number[];
  connections?: number;
  streams?: number;
  requests?: number;
  endMs?: number;
  signal?: AbortSignal;
  timeoutMs?: number;
}

function start(server: FakeServer, load: Load) {
  const { rate, connections = 4, lanes = lanesOf(0, 1, connections), streams = 2 } = load;
  const tally = new Tally(span.measureFromMs);
  const ended = openLoop(
    server.connections(lanes, streams),
    { ...span, endMs: load.endMs ?? span.endMs, timeoutMs: load.timeoutMs ?? span.timeoutMs },
    load.requests ?? Infinity,
    new Schedule(rate, connections),
    tally,
    server.clock,
    timerAlarm(server.clock),
    load.signal ?? new AbortController().signal,
  );
  return { tally, ended };
}

test("calls start when the schedule says, at the asked rate over all connections", async () => {
  for (const connections of [1, 3, 10]) {
    const server = new FakeServer(1);
    const { tally, ended } = start(server, { rate: 100, connections });
    server.clock.advance(20_000);
    await ended;
    expect(server.startedMs).toEqual(Array.from({ length: 1_100 }, (_, number) => number * 10));
    expect(tally.data()).toMatchObject({ ok: 1_000, late: 0, errors: {}, elapsedMs: 10_000 });
  }
});

test("processes share the rate exactly, each connection its part", async () => {
  const server = new FakeServer(1);
  const parts = [0, 1, 2].map((index) =>
    start(server, { rate: 100, connections: 7, lanes: lanesOf(index, 3, 7) })
  );
  server.clock.advance(20_000);
  await Promise.all(parts.map(({ ended }) => ended));
  expect(server.startedMs.length).toBe(1_100);
  expect([...server.startedMs].sort((a, b) => a - b)).toEqual(
    Array.from({ length: 1_100 }, (_, number) => number * 10),
  );
  expect(server.lanes.filter((lane) => lane === 6).length).toBe(157);
  expect(mergeTallies(parts.map(({ tally }) => tally.data())).ok).toBe(1_000);
});

test("a number of calls ends it to the call, over all processes", async () => {
  const server = new FakeServer(1);
  const parts = [0, 1].map((index) =>
    start(server, { rate: 100, connections: 3, lanes: lanesOf(index, 2, 3), requests: 101, endMs: Infinity })
  );
  server.clock.advance(20_000);
  await Promise.all(parts.map(({ ended }) => ended));
  expect(mergeTallies(parts.map(({ tally }) => tally.data())).ok).toBe(101);
});

/** One second out of ten the server stands still. */
const STALL_MS = 1_000;

test("a stalled server shows in the percentiles: no coordinated omission", async () => {
  const server = new FakeServer(1);
  const { tally, ended } = start(server, { rate: 100 });
  server.clock.advance(3_000);
  server.stalledUntilMs = 3_000 + STALL_MS;
  server.clock.advance(20_000);
  await ended;
  const { ok, late, histogram, maxLateMs } = tally.data();
  const latencies = LatencyHistogram.decode(histogram);
  expect(ok).toBe(1_000);
  // A tenth of the calls were meant to start in the stall, and waited for its end: 1,000 ms, 990 ms ... 10 ms.
  expect(latencies.percentile(89)).toBeLessThan(2_000);
  expect(latencies.percentile(95)).toBeGreaterThan(450_000);
  expect(latencies.percentile(99)).toBeGreaterThan(880_000);
  expect(latencies.percentile(100) / 1_000_000).toBeCloseTo(1, 2);
  // All of them but those that found one of the 8 slots.
  expect(late).toBeGreaterThanOrEqual(90);
  expect(maxLateMs).toBeGreaterThan(900);
});

test("a closed loop hides the same stall, which is why there is the open one", async () => {
  const server = new FakeServer(1);
  const tally = new Tally(span.measureFromMs);
  const ended = closedLoop(
    server.connections([0], 1),
    span,
    Infinity,
    tally,
    server.clock,
    new AbortController().signal,
  );
  server.clock.advance(3_000);
  server.stalledUntilMs = 3_000 + STALL_MS;
  server.clock.advance(20_000);
  await ended;
  expect(LatencyHistogram.decode(tally.data().histogram).percentile(99.9)).toBeLessThan(2_000);
});

test("what no slot comes free for within its deadline is counted as not sent, not forgotten", async () => {
  // 8 slots of 1 s each: 8 calls a second of the 100 that are asked for.
  const server = new FakeServer(1_000);
  const { tally, ended } = start(server, { rate: 100 });
  server.clock.advance(60_000);
  await ended;
  const { ok, errors } = tally.data();
  expect(ok + errors[NOT_SENT].count).toBe(1_000);
  // From 6 s on, when the measured calls' turn comes behind a backlog of 5 s, to 16 s.
  expect(ok).toBe(80);
});

test("calls that end before they have begun don't pile up on the stack", async () => {
  // The only slot is taken for 5 s; then its connection is lost, and all that waited fails at once.
  const server = new FakeServer(5_000, (call) => call === 0 ? undefined : "UNAVAILABLE", (call) => call > 0);
  const { tally, ended } = start(server, { rate: 10_000, connections: 1, streams: 1, timeoutMs: 6_000 });
  server.clock.advance(12_000);
  await ended;
  expect(tally.data().errors.UNAVAILABLE.count).toBe(100_000);
});

test("an abort ends it at once with what was measured", async () => {
  const server = new FakeServer(1);
  const abort = new AbortController();
  const { tally, ended } = start(server, { rate: 100, signal: abort.signal });
  server.clock.advance(2_005);
  abort.abort();
  await ended;
  expect(tally.data()).toMatchObject({ ok: 101, elapsedMs: 1_005 });
  server.clock.advance(10_000);
  expect(server.startedMs.length).toBe(201);
});
