import { expect, test } from "vitest";
import { lanesOf, requestsOf } from "./share.ts";

test("every connection belongs to one process, and no process has two more than another", () => {
  for (const [processes, connections] of [[1, 1], [2, 7], [3, 8], [5, 5], [4, 64]]) {
    const parts = Array.from({ length: processes }, (_, index) => lanesOf(index, processes, connections));
    expect(parts.flat().sort((a, b) => a - b)).toEqual(
      Array.from({ length: connections }, (_, lane) => lane),
    );
    const sizes = parts.map(({ length }) => length);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  }
});

test("calls are divided to the last one, whatever the remainders", () => {
  for (const requests of [1, 9, 10, 1_000, 1_003]) {
    for (const [processes, connections] of [[1, 1], [2, 7], [3, 8]]) {
      const parts = Array.from(
        { length: processes },
        (_, index) => requestsOf(lanesOf(index, processes, connections), connections, requests),
      );
      expect(parts.reduce((sum, part) => sum + part, 0)).toBe(requests);
    }
  }
});
