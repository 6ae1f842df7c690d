import { expect, test } from "vitest";
import { Schedule } from "./schedule.ts";
import { lanesOf } from "./share.ts";

test("the total rate is the one asked for, whatever the connections and processes", () => {
  for (const rate of [0.5, 7, 100, 33_333.3]) {
    for (const [processes, connections] of [[1, 1], [1, 10], [3, 8], [2, 64]]) {
      const schedule = new Schedule(rate, connections);
      const numbers: number[] = [];
      for (let index = 0; index < processes; index++) {
        for (const lane of lanesOf(index, processes, connections)) {
          for (let round = 0; schedule.offsetMs(schedule.numberOf(lane, round)) < 2_000; round++) {
            numbers.push(schedule.numberOf(lane, round));
          }
        }
      }
      numbers.sort((a, b) => a - b);
      expect(numbers).toEqual(Array.from({ length: Math.ceil(rate * 2) }, (_, number) => number));
      expect(schedule.callsBefore(2_000)).toBe(numbers.length);
    }
  }
});

test("no error adds up: the millionth call is where the rate says", () => {
  expect(new Schedule(30, 7).offsetMs(30_000_000)).toBe(1_000_000_000);
  expect(new Schedule(30, 7).callsBefore(100)).toBe(3);
  expect(new Schedule(30, 7).callsBefore(101)).toBe(4);
  expect(new Schedule(1.1, 1).callsBefore(10_000)).toBe(11);
});
