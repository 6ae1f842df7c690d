// A unit's comings and goings, as events and as health.
import { expect, test } from "vitest";
import { EventKind } from "../proto/mod.ts";
import { UnitWatch } from "./unit_watch.ts";

function setUp() {
  const emitted: number[] = [];
  const health: boolean[] = [];
  const timers: (() => void)[] = [];
  const time = { ms: 1_000 };
  const watch = new UnitWatch({
    name: "signer",
    lost: EventKind.SIGNER_LOST,
    back: EventKind.SIGNER_BACK,
    emit: (kind) => emitted.push(kind),
    onHealth: (healthy) => health.push(healthy),
    now: () => time.ms,
    after: (_ms, done) => {
      timers.push(done);
      return () => void timers.splice(timers.indexOf(done), 1);
    },
  });
  return { watch, emitted, health, time, timersEnd: () => timers.splice(0).forEach((done) => done()) };
}

test("coming up in time is no event", () => {
  const { watch, emitted, health, timersEnd } = setUp();
  watch.tell(false);
  watch.tell(true);
  timersEnd();
  expect(emitted).toEqual([]);
  expect(health).toEqual([false, true]);
});

test("never coming up is a loss, once", () => {
  const { watch, emitted, timersEnd } = setUp();
  timersEnd();
  watch.tell(false);
  expect(emitted).toEqual([EventKind.SIGNER_LOST]);
  watch.tell(true);
  timersEnd();
  expect(emitted).toEqual([EventKind.SIGNER_LOST, EventKind.SIGNER_BACK]);
});

test("one that dies again and again is lost once, and back when it stays; health says each", () => {
  const { watch, emitted, health, timersEnd } = setUp();
  for (let i = 0; i < 100; i++) {
    watch.tell(true);
    watch.tell(false);
  }
  expect(emitted).toEqual([EventKind.SIGNER_LOST]);
  expect(health.length).toBe(201);
  expect(watch.healthy).toBe(false);
  watch.tell(true);
  timersEnd();
  expect(emitted).toEqual([EventKind.SIGNER_LOST, EventKind.SIGNER_BACK]);
});

test("each loss and each return is told once, and the unit says since when", () => {
  const { watch, emitted, health, time, timersEnd } = setUp();
  watch.tell(true);
  time.ms = 5_000;
  watch.tell(false);
  watch.tell(false);
  expect(watch.unit()).toEqual({
    name: "signer",
    healthy: false,
    detail: "doesn't answer since 1970-01-01T00:00:05.000Z",
  });
  watch.tell(true);
  watch.tell(true);
  timersEnd();
  expect(emitted).toEqual([EventKind.SIGNER_LOST, EventKind.SIGNER_BACK]);
  expect(health).toEqual([false, true, false, true]);
  expect(watch.unit("2 keys").detail).toBe("answers since 1970-01-01T00:00:05.000Z; 2 keys");
});

test("what ends with the agent is no loss", () => {
  const { watch, emitted, timersEnd } = setUp();
  watch.tell(true);
  watch.close();
  watch.tell(false);
  timersEnd();
  expect(emitted).toEqual([]);
});
