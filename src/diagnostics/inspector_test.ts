import { expect, test } from "vitest";
import { DiagnosticsError, Inspector, MAX_SNAPSHOT_HEAP_BYTES } from "./inspector.ts";

const never = new AbortController().signal;

test("a profile is of the time that was asked for, or until nobody waits for it", async () => {
  const inspector = new Inspector();
  const profile = JSON.parse(await inspector.profileCpu(100, never));
  expect(profile.samples.length).toBe(profile.timeDeltas.length);
  expect(profile.endTime - profile.startTime).toBeGreaterThan(90_000);
  const ended = new AbortController();
  const begunMs = performance.now();
  const broken = inspector.profileCpu(60_000, ended.signal);
  ended.abort();
  await broken;
  expect(performance.now() - begunMs).toBeLessThan(30_000);
});

test("one looks at a time, and the next may look when it is done", async () => {
  const inspector = new Inspector();
  const first = inspector.profileCpu(50, never);
  const second = inspector.snapshotHeap(() => Promise.resolve(), never);
  await expect(second).rejects.toMatchObject({ reason: "BUSY" });
  await first;
  await inspector.profileCpu(1, never);
});

test("no snapshot of a heap that is too large, and none after its caller went away", async () => {
  const large = new Inspector(() => MAX_SNAPSHOT_HEAP_BYTES + 1);
  const parts: string[] = [];
  const take = (part: string) => Promise.resolve(void parts.push(part));
  await expect(large.snapshotHeap(take, never)).rejects.toThrow(DiagnosticsError);
  await expect(large.snapshotHeap(take, never)).rejects.toMatchObject({ reason: "HEAP_TOO_LARGE" });
  expect(parts).toEqual([]);
}, 30_000);
