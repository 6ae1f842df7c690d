// The two looks of a line.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonForm, MAX_FIELDS, textForm } from "./form.ts";

const TIME = "2026-11-21T05:36:00.123Z";
const anyFields = fc.dictionary(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }));

describe("JSON lines", () => {
  it("hold time, level, component, message and the fields", () => {
    const line = jsonForm(TIME, "warn", "grpc", "refused", {
      peer: "vsock://2:9",
      count: 3,
      absent: undefined,
    });
    expect(line).toBe(
      `{"time":"${TIME}","level":"warn","component":"grpc","message":"refused","peer":"vsock://2:9","count":3}\n`,
    );
  });

  it("are one JSON object and one line, whatever a peer puts in names and values", () => {
    fc.assert(fc.property(anyFields, (fields) => {
      const line = jsonForm(TIME, "info", "x", "y", fields);
      expect(line.indexOf("\n")).toBe(line.length - 1);
      const object = JSON.parse(line);
      expect([object.time, object.level, object.component, object.message]).toEqual([TIME, "info", "x", "y"]);
    }));
  });

  it("let no field pose as the line's own time or level", () => {
    const line = jsonForm(TIME, "info", "x", "y", { level: "error", time: "never" });
    expect(JSON.parse(line)).toMatchObject({ level: "info", level_: "error", time: TIME, time_: "never" });
  });

  it("hold a bounded number of fields and count the others", () => {
    const many = Object.fromEntries(Array.from({ length: MAX_FIELDS + 5 }, (_, i) => [`f${i}`, i]));
    const object = JSON.parse(jsonForm(TIME, "info", "x", "y", many));
    expect(object.fields_left_out).toBe(5);
    expect(Object.keys(object)).toHaveLength(4 + MAX_FIELDS + 1);
  });
});

describe("text lines", () => {
  it("read as words, with quotes only where they are needed", () => {
    const line = textForm(false)(TIME, "info", "call", "call", {
      method: "/a.B/C",
      why: "no such key",
      n: 1,
    });
    expect(line).toBe(`${TIME} info  call call method=/a.B/C why="no such key" n=1\n`);
  });

  it("are one line without an escape sequence when not coloured", () => {
    fc.assert(fc.property(anyFields, (fields) => {
      const line = textForm(false)(TIME, "info", "x", "y\n\x1b[2J", fields);
      expect(line.indexOf("\n")).toBe(line.length - 1);
      expect(line).not.toContain("\x1b");
    }));
  });

  it("have no escape sequence but the colours when coloured", () => {
    const line = textForm(true)(TIME, "error", "x", "y", { peer: "\x1b[2J\x1b]0;title\x07" });
    expect(line).toContain("\x1b[1;31merror\x1b[0m");
    const afterEscapes = line.split("\x1b").slice(1);
    expect(afterEscapes.filter((text) => !/^\[[0-9;]+m/.test(text))).toEqual([]);
  });
});
