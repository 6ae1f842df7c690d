import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { StreamTable } from "./stream_table.ts";

describe("the table of streams", () => {
  it("is a Map, whatever is set and deleted", () => {
    fc.assert(fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 80 }), fc.boolean()), { maxLength: 300 }),
      (steps) => {
        const table = new StreamTable<number>();
        const map = new Map<number, number>();
        steps.forEach(([id, insert], step) => {
          if (insert) {
            table.set(id, step);
            map.set(id, step);
          } else {
            expect(table.delete(id)).toBe(map.delete(id));
          }
          expect(table.size).toBe(map.size);
          expect(table.has(id)).toBe(map.has(id));
        });
        expect(table.values().sort()).toEqual([...map.values()].sort());
        for (let id = 1; id <= 80; id++) expect(table.get(id)).toBe(map.get(id));
      },
    ));
  });

  it("keeps ids at the end of their range", () => {
    const table = new StreamTable<string>();
    table.set(0x7fff_ffff, "last");
    expect(table.get(0x7fff_ffff)).toBe("last");
  });
});
