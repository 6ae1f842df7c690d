// The stream of events over our own server: order, ends, and what a slow or a leaving watcher leaves behind.
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EventLog, MAX_KEPT_EVENTS, MAX_WATCHERS_PER_CONNECTION } from "../agent/event_log.ts";
import type { EventKindNumber } from "../agent/event_sink.ts";
import { recordingLogger } from "../agent/log/testkit.ts";
import { setCaller } from "../authority/caller.ts";
import type { Identity } from "../authority/identity.ts";
import { Channel } from "../grpc/channel.ts";
import { serverStream, StreamingCall } from "../grpc/client.ts";
import { MemoryListener } from "../grpc/conn_pair.ts";
import { Server } from "../grpc/server.ts";
import {
  type Event,
  EventKind,
  methodAt,
  Role,
  serviceDefinition,
  type WatchEventsRequest,
  type WatchEventsRequestInit,
} from "../proto/mod.ts";
import { eventsService } from "./events.ts";

const definition = serviceDefinition("gatehouse.v1.Events");
const Watch = methodAt<WatchEventsRequestInit, Event>("/gatehouse.v1.Events/Watch");

let events: EventLog;
let server: Server;
let channel: Channel;
/** Whom the guard would have let in. */
let caller: Identity | undefined;
beforeEach(() => {
  caller = undefined;
  events = new EventLog({ log: recordingLogger() });
  server = new Server();
  const service = eventsService(events);
  server.addService(definition, {
    Watch(call: Parameters<typeof service.Watch>[0]) {
      if (caller !== undefined) setCaller(call, caller);
      return service.Watch(call);
    },
  });
  const listener = new MemoryListener();
  void server.serve(listener);
  channel = new Channel([{ address: "memory", dial: () => listener.dial() }]);
});
afterEach(async () => {
  channel.close();
  await server.shutdown(0);
});

const emit = (count: number, message = "started") => {
  for (let i = 0; i < count; i++) events.emit(EventKind.STARTED, message);
};

/** A watch that has begun: its headers are here. */
async function begin(request: Partial<WatchEventsRequest> | WatchEventsRequestInit = {}) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const call = new StreamingCall(channel, Watch, { onMetadata: () => resolve() });
  call.sendOnly(request);
  await promise;
  return call;
}

const failing = (request: WatchEventsRequestInit) => {
  const all = serverStream(channel, Watch, request)[Symbol.asyncIterator]();
  return all.next();
};

test("a watcher is told when the watch has begun, and misses nothing from there on", async () => {
  emit(2);
  const watch = await begin();
  emit(3);
  const seen = [await watch.next(), await watch.next(), await watch.next()];
  expect(seen.map((event) => event?.sequence.toNumber())).toEqual([3, 4, 5]);
  expect(seen[0]).toMatchObject({ kind: EventKind.STARTED, message: "started", fields: {} });
  watch.cancel();
});

test("after a number, and all that is kept", async () => {
  emit(5);
  const after = await begin({ after_sequence: 3 });
  expect((await after.next())?.sequence.toNumber()).toBe(4);
  const kept = await begin({ include_kept: true });
  expect((await kept.next())?.sequence.toNumber()).toBe(1);
  after.cancel();
  kept.cancel();
});

test("what is kept no longer, or was never counted, ends the watch with OUT_OF_RANGE", async () => {
  emit(MAX_KEPT_EVENTS + 5);
  await expect(failing({ after_sequence: 1 })).rejects.toMatchObject({ code: status.OUT_OF_RANGE });
  await expect(failing({ after_sequence: "18446744073709551615" })).rejects.toMatchObject({
    code: status.OUT_OF_RANGE,
    details: expect.stringMatching(/started anew/),
  });
});

test("a watcher that reads nothing costs no queue, and is told once the ring has overrun it", async () => {
  const watch = await begin();
  // Enough to fill the streams' windows: the rest waits in the ring only.
  for (let i = 0; i < 40; i++) {
    emit(MAX_KEPT_EVENTS / 8, "x".repeat(512));
    await new Promise((resolve) => setTimeout(resolve));
  }
  let last = 0;
  const reading = async () => {
    for (let event = await watch.next(); event; event = await watch.next()) {
      expect(event.sequence.toNumber()).toBe(last + 1);
      last++;
    }
  };
  await expect(reading()).rejects.toMatchObject({ code: status.OUT_OF_RANGE });
  expect(last).toBeGreaterThan(10);
  expect(last).toBeLessThan(events.last - MAX_KEPT_EVENTS);
});

test("one watcher too many on a connection is refused; one that leaves makes room", async () => {
  const watchers = [];
  for (let i = 0; i < MAX_WATCHERS_PER_CONNECTION; i++) watchers.push(await begin());
  await expect(failing({})).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
  watchers[0].cancel();
  await expect.poll(() => begin().then((call) => call.cancel() === undefined)).toBe(true);
  for (const watch of watchers) watch.cancel();
});

test("when the agent stops, watchers have its last event, then UNAVAILABLE", async () => {
  const watch = await begin();
  events.emit(EventKind.STOPPING, "stopping");
  events.close();
  expect((await watch.next())?.kind).toBe(EventKind.STOPPING);
  await expect(watch.next()).rejects.toMatchObject({ code: status.UNAVAILABLE });
});

test.each<[string, Pick<Identity, "name" | "transport">, EventKindNumber]>([
  ["an administrator who was removed", { name: "operator:eve", transport: "unix" }, EventKind.ADMIN_REMOVED],
  [
    "a certificate whose rights may have changed",
    { name: "dns:eve", transport: "tcp" },
    EventKind.CONFIG_APPLIED,
  ],
])("%s has that event and is to prove anew who it is; another one watches on", async (_name, who, kind) => {
  caller = { ...who, role: Role.OPERATOR, keys: [] };
  const eve = await begin();
  caller = { ...caller, name: "admin:alice", transport: "unix" };
  const alice = await begin();
  events.emit(kind, "changed", { role: "operator", name: "eve" });
  emit(1);
  expect((await eve.next())?.kind).toBe(kind);
  await expect(eve.next()).rejects.toMatchObject({
    code: status.UNAVAILABLE,
    details: expect.stringMatching(/watch again after 1/),
  });
  expect([(await alice.next())?.kind, (await alice.next())?.kind]).toEqual([kind, EventKind.STARTED]);
  alice.cancel();
});

test("what took a right away before the watch began doesn't end it: who is let in sees all that is kept", async () => {
  events.emit(EventKind.ADMIN_REMOVED, "removed", { role: "operator", name: "eve" });
  events.emit(EventKind.CONFIG_APPLIED, "changed");
  for (const who of [{ name: "operator:eve", transport: "unix" }, { name: "dns:eve", transport: "tcp" }]) {
    caller = { ...who, role: Role.OPERATOR, keys: [] } as Identity;
    const watch = await begin({ include_kept: true });
    expect([(await watch.next())?.kind, (await watch.next())?.kind]).toEqual([
      EventKind.ADMIN_REMOVED,
      EventKind.CONFIG_APPLIED,
    ]);
    watch.cancel();
  }
});
