// What the appliance believes of its machine's clock: by the floor, by what was kept, by time servers.
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ApplianceClock, OLDEST_MS } from "./clock.ts";
import { recordingLogger } from "./log/testkit.ts";

const DAY_MS = 24 * 3_600_000;
const NOW = OLDEST_MS + 100 * DAY_MS;

let stateDir: string;
beforeEach(async () => {
  stateDir = await Deno.makeTempDir({ prefix: "gatehouse-clock-" });
});
afterEach(() => Deno.remove(stateDir, { recursive: true }));

async function startAt(nowMs: number, more: { stateDir?: string } = { stateDir }) {
  const time = { nowMs, monotonicMs: 5_000 };
  const log = recordingLogger();
  const synchronizedMark = join(stateDir, "synchronized");
  const clock = await ApplianceClock.start({
    log,
    nowMs: () => time.nowMs,
    monotonicMs: () => time.monotonicMs,
    synchronizedMark,
    ...more,
  });
  const changes: boolean[] = [];
  clock.onChange((known) => changes.push(known));
  const pass = (ms: number) => {
    time.nowMs += ms;
    time.monotonicMs += ms;
    return clock.look();
  };
  return { clock, time, changes, pass, lines: log.lines, synchronizedMark };
}

test("a clock that was never set is unknown, and known once it is set", async () => {
  const { clock, time, changes, lines } = await startAt(0);
  expect(clock.known).toBe(false);
  expect(clock.reason).toMatch(/1970-01-01.*2026-06-01.*set the machine's clock/);
  time.nowMs = NOW;
  await clock.look();
  expect(clock.known).toBe(true);
  expect(clock.reason).toMatch(/machine's clock/);
  expect(changes).toEqual([true]);
  expect(lines.map(({ message }) => message)).toEqual([expect.stringMatching(/stepped/)]);
  await clock.stop();
});

test("a clock that stands before the time of the last run is unknown", async () => {
  const first = await startAt(NOW);
  expect(first.clock.known).toBe(true);
  await first.pass(60_000);
  await first.clock.stop();
  expect(await Deno.readTextFile(join(stateDir, "clock"))).toBe(`${new Date(NOW + 60_000).toISOString()}\n`);
  expect((await Deno.stat(join(stateDir, "clock"))).mode! & 0o777).toBe(0o600);

  const { clock } = await startAt(NOW - DAY_MS);
  expect(clock.known).toBe(false);
  expect(clock.reason).toContain(new Date(NOW + 60_000).toISOString());
  await clock.stop();
  const corrected = await startAt(NOW - 30_000);
  expect(corrected.clock.known).toBe(true);
  await corrected.clock.stop();
});

test("the time is kept at most each ten minutes", async () => {
  const { pass, clock } = await startAt(NOW);
  const kept = () => Deno.readTextFileSync(join(stateDir, "clock")).trim();
  await pass(9 * 60_000);
  expect(kept()).toBe(new Date(NOW).toISOString());
  await pass(60_000);
  expect(kept()).toBe(new Date(NOW + 10 * 60_000).toISOString());
  await clock.stop();
});

test("a time server's answer outweighs a time that was kept when the clock stood in the future", async () => {
  await Deno.writeTextFile(join(stateDir, "clock"), "2099-01-01T00:00:00.000Z\n");
  const { clock, pass, synchronizedMark, changes } = await startAt(NOW);
  expect(clock.known).toBe(false);
  await Deno.writeTextFile(synchronizedMark, "");
  await pass(10_000);
  expect(changes).toEqual([true]);
  expect(clock.reason).toMatch(/time server/);
  expect(await Deno.readTextFile(join(stateDir, "clock"))).toMatch(/^2026/);
  await clock.stop();
});

test("a clock that is set back beyond what was known becomes unknown while it runs", async () => {
  const { clock, time, changes } = await startAt(NOW);
  time.nowMs = OLDEST_MS + DAY_MS;
  await clock.look();
  expect(changes).toEqual([false]);
  await clock.stop();
});

test("a clock that stands before what the operator gave was made is unknown, until a time server answers", async () => {
  const { clock, changes, pass, synchronizedMark } = await startAt(NOW);
  await clock.notBefore(NOW + DAY_MS);
  expect(changes).toEqual([false]);
  expect(clock.reason).toContain(new Date(NOW + DAY_MS).toISOString());
  await Deno.writeTextFile(synchronizedMark, "");
  await pass(10_000);
  expect(changes).toEqual([false, true]);
  await clock.stop();
});

test.each([["longer than a time", "9".repeat(100)], ["no time", "soon"]])(
  "a kept file that is %s is left aside with a warning",
  async (_name, text) => {
    await Deno.writeTextFile(join(stateDir, "clock"), text);
    const { clock, lines } = await startAt(NOW);
    expect(clock.known).toBe(true);
    expect(lines[0]).toMatchObject({ level: "warn", message: expect.stringMatching(/can't be read/) });
    await clock.stop();
  },
);

test("without a state directory it goes by the machine; one that can't be written is said once", async () => {
  const without = await startAt(NOW, {});
  expect(without.clock.known).toBe(true);
  await without.clock.stop();
  const { clock, pass, lines } = await startAt(NOW, { stateDir: join(stateDir, "missing") });
  await pass(10 * 60_000);
  await clock.stop();
  expect(lines.filter(({ message }) => message.includes("can't be kept")).length).toBe(1);
});
