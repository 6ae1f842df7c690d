import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DeadlineQueue, type Expiring } from "./deadline_queue.ts";
import { VirtualClock } from "./virtual_clock.ts";

function entry(deadlineMs: number, expired: number[]): Expiring {
  return { deadlineMs, queueIndex: -1, expire: () => expired.push(deadlineMs) };
}

describe("the queue of deadlines", () => {
  it("expires in order, whatever is added and removed (against a sorted list)", () => {
    fc.assert(fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 100 }), fc.boolean()), { maxLength: 60 }),
      fc.integer({ min: 0, max: 120 }),
      (items, untilMs) => {
        const clock = new VirtualClock();
        const queue = new DeadlineQueue(clock);
        const expired: number[] = [];
        const entries = items.map(([deadlineMs]) => entry(deadlineMs, expired));
        entries.forEach((one) => queue.add(one));
        entries.forEach((one, i) => items[i][1] && queue.remove(one));
        clock.advance(untilMs);
        const kept = items.filter(([, removed]) => !removed).map(([deadlineMs]) => deadlineMs).sort((a, b) =>
          a - b
        );
        expect(expired).toEqual(kept.filter((deadlineMs) => deadlineMs <= untilMs));
        expect(queue.size).toBe(kept.filter((deadlineMs) => deadlineMs > untilMs).length);
      },
    ));
  });

  it("keeps one timer for all", () => {
    const clock = new VirtualClock();
    const queue = new DeadlineQueue(clock);
    for (const ms of [50, 40, 60, 30]) queue.add(entry(ms, []));
    expect(clock.pending).toBe(1);
  });

  it("takes no entry without a deadline, and forgets one twice", () => {
    const queue = new DeadlineQueue(new VirtualClock());
    const one = entry(Infinity, []);
    queue.add(one);
    expect(queue.size).toBe(0);
    queue.remove(one);
    queue.remove(one);
  });

  it("lets an entry that expires add another", () => {
    const clock = new VirtualClock();
    const queue = new DeadlineQueue(clock);
    const expired: number[] = [];
    queue.add({ deadlineMs: 10, queueIndex: -1, expire: () => queue.add(entry(20, expired)) });
    clock.advance(30);
    expect(expired).toEqual([20]);
  });
});
