// The ring of events: order, bounds, and what a watcher is told that was overrun.
import { describe, expect, it } from "vitest";
import { EventKind } from "../proto/mod.ts";
import {
  EventLog,
  type LoggedEvent,
  MAX_EVENT_FIELDS,
  MAX_EVENT_TEXT_UNITS,
  MAX_KEPT_EVENTS,
  MAX_WATCHERS,
  MAX_WATCHERS_PER_CONNECTION,
} from "./event_log.ts";
import { MAX_TOLD } from "./event_pace.ts";
import { recordingLogger } from "./log/testkit.ts";

function setUp() {
  const log = recordingLogger();
  const timers: (() => void)[] = [];
  const after = (_delayMs: number, done: () => void) => {
    timers.push(done);
    return () => void timers.splice(timers.indexOf(done), 1);
  };
  const events = new EventLog({ log, nowMs: () => 1_000, after });
  const emit = (count: number) => {
    for (let i = 0; i < count; i++) events.emit(EventKind.STARTED, "started", { i: String(i) });
  };
  return { events, emit, lines: log.lines, endWindow: () => timers.splice(0).forEach((done) => done()) };
}

/** All that is kept. */
async function kept(events: EventLog): Promise<LoggedEvent[]> {
  const watch = events.watch(here, "kept");
  const all: LoggedEvent[] = [];
  while (all.at(-1)?.sequence !== events.last) all.push(await watch.next());
  watch.close();
  return all;
}

const here = {};
const gone = expect.objectContaining({ reason: "EVENTS_GONE" });
const tooMany = expect.objectContaining({ reason: "TOO_MANY_WATCHERS" });
const stopping = expect.objectContaining({ reason: "STOPPING" });

describe("a watcher", () => {
  it("gets what happens from now on, in order, each once", async () => {
    const { events, emit } = setUp();
    emit(3);
    const watch = events.watch(here, "now");
    const waiting = watch.next();
    emit(2);
    expect((await waiting).sequence).toBe(4);
    expect(await watch.next()).toMatchObject({
      sequence: 5,
      atMs: 1_000,
      message: "started",
      fields: { i: "1" },
    });
  });

  it("goes on after the number that it names, or begins with the oldest one that is kept", async () => {
    const { events, emit } = setUp();
    emit(MAX_KEPT_EVENTS + 10);
    expect((await events.watch(here, 500).next()).sequence).toBe(501);
    expect((await events.watch(here, "kept").next()).sequence).toBe(11);
    expect((await events.watch(here, 10).next()).sequence).toBe(11);
  });

  it("is told when what came after its number is kept no longer, or was counted by another start", () => {
    const { events, emit } = setUp();
    emit(MAX_KEPT_EVENTS + 10);
    expect(() => events.watch(here, 9)).toThrow(gone);
    expect(() => events.watch(here, MAX_KEPT_EVENTS + 11)).toThrow(gone);
  });

  it("that is slow has what the ring keeps, and is told when the ring has overrun it", async () => {
    const { events, emit } = setUp();
    const watch = events.watch(here, "now");
    emit(MAX_KEPT_EVENTS);
    expect((await watch.next()).sequence).toBe(1);
    emit(2);
    await expect(watch.next()).rejects.toThrow(gone);
  });

  it("that is one too many, on its connection or in all, is refused until another leaves", () => {
    const { events } = setUp();
    const first = events.watch(here, "now");
    for (let i = 1; i < MAX_WATCHERS_PER_CONNECTION; i++) events.watch(here, "now");
    expect(() => events.watch(here, "now")).toThrow(tooMany);
    first.close();
    first.close();
    events.watch(here, "now");
    for (let i = MAX_WATCHERS_PER_CONNECTION; i < MAX_WATCHERS; i++) events.watch({}, "now");
    expect(() => events.watch({}, "now")).toThrow(tooMany);
  });

  it("has the last event before it is told that the agent stops", async () => {
    const { events } = setUp();
    const [reader, waiter] = [events.watch(here, "now"), events.watch(here, "now")];
    const waiting = expect(waiter.next().then(() => waiter.next())).rejects.toThrow(stopping);
    events.emit(EventKind.STOPPING, "stopping");
    events.close();
    expect((await reader.next()).kind).toBe(EventKind.STOPPING);
    await expect(reader.next()).rejects.toThrow(stopping);
    await waiting;
    expect(() => events.watch(here, "now")).toThrow(stopping);
  });

  it("that leaves while it waits is let go", async () => {
    const { events } = setUp();
    const watch = events.watch(here, "now");
    const waiting = watch.next();
    watch.close();
    await expect(waiting).rejects.toThrow(stopping);
  });
});

describe("an event", () => {
  it("is a line of the log too, a warning when it asks for an operator's eye", () => {
    const { events, lines } = setUp();
    events.emit(EventKind.STARTED, "started", { version: "1" });
    events.emit(EventKind.SIGNER_LOST, "the signer doesn't answer");
    expect(lines).toEqual([
      { level: "info", message: "started", fields: { event: "STARTED", sequence: 1, version: "1" } },
      {
        level: "warn",
        message: "the signer doesn't answer",
        fields: { event: "SIGNER_LOST", sequence: 2 },
      },
    ]);
  });

  it("is bounded in its fields, its texts, and stays well-formed where it is cut", async () => {
    const { events } = setUp();
    const fields = Object.fromEntries(
      Array.from({ length: 50 }, (_, i) => [`n${i}`.padEnd(100, "x"), "😀".repeat(2_000)]),
    );
    events.emit(EventKind.DENIED, `x${"😀".repeat(2_000)}`, fields);
    const [event] = await kept(events);
    expect(Object.keys(event.fields).length).toBe(MAX_EVENT_FIELDS);
    expect(event.message.length).toBe(MAX_EVENT_TEXT_UNITS);
    expect(event.message.isWellFormed()).toBe(true);
    for (const text of Object.values(event.fields)) {
      expect(text.length).toBeLessThanOrEqual(MAX_EVENT_TEXT_UNITS);
    }
  });
});

describe("denials", () => {
  it("of one kind are told once in a window, and what followed is counted", async () => {
    const { events, endWindow } = setUp();
    for (let i = 0; i < 100; i++) events.emit(EventKind.DENIED, "a was denied", { peer: String(i) });
    events.emit(EventKind.DENIED, "b was denied", {});
    expect(events.last).toBe(2);
    endWindow();
    expect((await kept(events)).map(({ message, fields }) => [message, fields])).toEqual([
      ["a was denied", { peer: "0" }],
      ["b was denied", {}],
      ["more was denied than is told one by one", { at_least: "99" }],
    ]);
    events.emit(EventKind.DENIED, "a was denied", {});
    expect(events.last).toBe(4);
  });

  it("by a thousand names don't push out what else happened", async () => {
    const { events, endWindow } = setUp();
    events.emit(EventKind.SIGNER_LOST, "lost");
    for (let i = 0; i < 10_000; i++) events.emit(EventKind.DENIED, `dns:${i} was denied`);
    endWindow();
    expect(events.last).toBe(1 + MAX_TOLD + 1);
    expect((await kept(events))[0].kind).toBe(EventKind.SIGNER_LOST);
  });

  it("that are counted are told when the log closes", async () => {
    const { events } = setUp();
    const watch = events.watch(here, "now");
    for (let i = 0; i < 3; i++) events.emit(EventKind.DENIED, "denied", {});
    events.close();
    await watch.next();
    expect((await watch.next()).fields).toEqual({ at_least: "2" });
  });
});
