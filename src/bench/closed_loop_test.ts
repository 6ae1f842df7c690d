import { expect, test } from "vitest";
import { closedLoop } from "./closed_loop.ts";
import { LatencyHistogram } from "./histogram.ts";
import { Tally } from "./tally.ts";
import { FakeServer } from "./testkit.ts";

const span = { startMs: 0, measureFromMs: 1_000, endMs: 3_000, timeoutMs: 500 };

function start(
  server: FakeServer,
  over: Partial<typeof span> = {},
  requests = Infinity,
  signal?: AbortSignal,
) {
  const tally = new Tally(span.measureFromMs);
  const lanes = server.connections([0, 1], 3);
  const ended = closedLoop(
    lanes,
    { ...span, ...over },
    requests,
    tally,
    server.clock,
    signal ?? new AbortController().signal,
  );
  return { tally, ended };
}

test("each slot has one call under way, and the warm-up isn't counted", async () => {
  const server = new FakeServer(10);
  const { tally, ended } = start(server);
  server.clock.advance(4_000);
  await ended;
  expect(server.startedMs.length).toBe(6 * 300);
  const { ok, elapsedMs, histogram } = tally.data();
  expect(ok).toBe(6 * 200);
  expect(elapsedMs).toBe(2_000);
  expect(LatencyHistogram.decode(histogram).summary()).toMatchObject({ p50: 10_000 + 7, max: 10_000 + 7 });
});

test("a number of calls ends it to the call", async () => {
  const server = new FakeServer(10);
  const { tally, ended } = start(server, { endMs: Infinity }, 100);
  server.clock.advance(4_000);
  await ended;
  expect(tally.data().ok).toBe(100);
});

test("errors are counted by status with the first message, and have no latency", async () => {
  const server = new FakeServer(10, (call) => call % 3 === 0 ? "RESOURCE_EXHAUSTED" : undefined);
  const { tally, ended } = start(server);
  server.clock.advance(4_000);
  await ended;
  const { ok, errors } = tally.data();
  expect(ok).toBe(800);
  expect(errors).toEqual({ RESOURCE_EXHAUSTED: { count: 400, first: "as told" } });
});

test("a server that is gone isn't asked in a busy loop", async () => {
  const server = new FakeServer(0, () => "UNAVAILABLE", () => true);
  const { tally, ended } = start(server);
  server.clock.advance(4_000);
  await ended;
  expect(server.startedMs.length).toBe(6 * 300);
  expect(tally.data().errors.UNAVAILABLE.count).toBe(6 * 200);
});

test("an abort ends it at once with what was measured", async () => {
  const server = new FakeServer(10);
  const abort = new AbortController();
  const { tally, ended } = start(server, {}, Infinity, abort.signal);
  server.clock.advance(1_505);
  abort.abort();
  await ended;
  expect(tally.data()).toMatchObject({ ok: 6 * 50, elapsedMs: 505 });
  server.clock.advance(1_000);
  expect(tally.data().ok).toBe(6 * 50);
});
