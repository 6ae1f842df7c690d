// The sink against slow, partial, failing and stuck outputs.
import { describe, expect, it } from "vitest";
import { type Output, Sink } from "./sink.ts";

const lostLine = (lost: number) => `lost ${lost}\n`;

/** Collects what is written, at most `step` bytes a time. */
function collector(step = Infinity): Output & { text: string; writes: number } {
  return {
    text: "",
    writes: 0,
    write(bytes) {
      const taken = Math.min(step, bytes.length);
      this.text += new TextDecoder().decode(bytes.subarray(0, taken));
      this.writes++;
      return Promise.resolve(taken);
    },
  };
}

describe("Sink", () => {
  it("writes the lines of one turn together and in order", async () => {
    const output = collector();
    const sink = new Sink(output, lostLine);
    for (const line of ["a\n", "b\n", "c\n"]) sink.push(line);
    expect(await sink.flush(1000)).toBe(true);
    expect(output).toMatchObject({ text: "a\nb\nc\n", writes: 1 });
  });

  it("goes on after a write that took a part", async () => {
    const output = collector(3);
    const sink = new Sink(output, lostLine);
    sink.push("hello world\n");
    await sink.flush(1000);
    expect(output.text).toBe("hello world\n");
  });

  it("never waits for a stuck output, holds a bounded text, and says what was lost when it moves again", async () => {
    let release: (() => void) | undefined;
    const good = collector();
    const output: Output = {
      async write(bytes) {
        if (release === undefined) await new Promise<void>((resolve) => release = resolve);
        return good.write(bytes);
      },
    };
    const sink = new Sink(output, lostLine, 10);
    sink.push("first\n");
    await Promise.resolve();
    await Promise.resolve();
    for (let i = 0; i < 100; i++) sink.push("12345\n");
    expect(await sink.flush(5)).toBe(false);
    expect(sink.lost).toBe(99);
    release?.();
    expect(await sink.flush(1000)).toBe(true);
    expect(good.text).toBe("first\n12345\nlost 99\n");
    expect(sink.lost).toBe(0);
  });

  it("survives an output that fails, and says what was lost when it works again", async () => {
    const good = collector();
    let broken = true;
    const output: Output = {
      write: (bytes) => broken ? Promise.reject(new Error("broken pipe")) : good.write(bytes),
    };
    const sink = new Sink(output, lostLine);
    sink.push("a\n");
    sink.push("b\n");
    await sink.flush(1000);
    sink.push("c\n");
    await sink.flush(1000);
    expect(sink.lost).toBe(3);
    broken = false;
    sink.push("d\n");
    await sink.flush(1000);
    expect(good.text).toBe("d\nlost 3\n");
  });

  it("ends when an output takes nothing or throws at once", async () => {
    const zero = new Sink({ write: () => Promise.resolve(0) }, lostLine);
    zero.push("a\n");
    expect(await zero.flush(1000)).toBe(true);
    expect(zero.lost).toBe(1);
    const throwing = new Sink({
      write: () => {
        throw new Error("closed");
      },
    }, lostLine);
    throwing.push("a\n");
    expect(await throwing.flush(1000)).toBe(true);
    expect(throwing.lost).toBe(1);
  });
});
