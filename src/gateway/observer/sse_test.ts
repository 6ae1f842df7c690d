import fc from "fast-check";
import { expect, test } from "vitest";
import { MAX_EVENT_UNITS, SseParser } from "./sse.ts";

test("events, their names, ids and several lines of data; comments are no events", () => {
  const parser = new SseParser();
  const events = parser.push(
    "\ufeff: hello\n\nid: 7\nevent: error\ndata: a\ndata:  b\n\nretry: 1500\ndata\n\ndata: cut",
  );
  expect(events).toEqual([
    { event: "error", data: "a\n b", id: "7" },
    { event: "message", data: "", id: "7" },
  ]);
  expect(parser.retryMs).toBe(1500);
  expect(parser.push("\r\n\r\n")).toEqual([{ event: "message", data: "cut", id: "7" }]);
});

test("it doesn't matter where the stream is cut", () => {
  const lines = fc.constantFrom("data: x", "data", ":c", "id: 1", "event: e", "", "", "other: y");
  const text = fc.array(fc.tuple(lines, fc.constantFrom("\n", "\r\n", "\r")))
    // Behind the last CR something has to follow, or it waits.
    .map((parts) => parts.map((part) => part.join("")).join("") + "\ndata: end\n\n");
  fc.assert(fc.property(text, fc.array(fc.nat(20), { minLength: 1 }), (whole, sizes) => {
    const parts = new SseParser();
    const events = [];
    for (let at = 0, i = 0; at < whole.length; i++) {
      const size = 1 + sizes[i % sizes.length];
      events.push(...parts.push(whole.slice(at, at + size)));
      at += size;
    }
    expect(events).toEqual(new SseParser().push(whole));
  }));
});

test("an event without an end is refused", () => {
  const parser = new SseParser();
  expect(() => {
    for (let i = 0; i < 3; i++) parser.push(`data: ${"x".repeat(MAX_EVENT_UNITS / 2)}\n`);
  }).toThrow(/exceeds/);
});
