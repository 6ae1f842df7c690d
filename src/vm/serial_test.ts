import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { systemClock } from "./clock.ts";
import { cleanConsole, consoleLines, ConsoleWatch, logTail } from "./serial.ts";

let dir: string;
beforeEach(async () => void (dir = await Deno.makeTempDir()));
afterEach(() => Deno.remove(dir, { recursive: true }));

it.each([
  ["[\x1b[0;32m  OK  \x1b[0m] Started\r\n", "[  OK  ] Started\n"],
  ["\x1b]0;title\x07a\x1b]52;c;AAAA\x1b\\b", "ab"],
  ["\x1b[2J\x1b[Hx\x1bMy\x00\x7f", "xy"],
  // An 8-bit CSI loses its introducer, and with it its force.
  ["\x9b31mred", "31mred"],
])("no control sequence of a guest reaches the terminal: %j", (raw, clean) => {
  expect(cleanConsole(raw)).toBe(clean);
});

it.each([
  "[ 12.3] Kernel panic - not syncing: Attempted to kill init! exitcode=0x7f",
  "[ 12.3] ---[ end Kernel panic - not syncing: x ]---",
  "PANIC: double fault, error_code: 0x0",
])("recognises a dying kernel: %s", (line) => {
  const watch = new ConsoleWatch(0);
  watch.push(`fine\n${line}\nmore\n`, 1);
  expect(watch.panic).toBe(line);
});

it("recognises it when the words come in pieces, and not before", () => {
  const watch = new ConsoleWatch(0);
  for (const char of "x".repeat(600) + "\n[ 1] Kernel panic - not syncin") watch.push(char, 1);
  expect(watch.panic).toBeUndefined();
  watch.push("g", 2);
  expect(watch.panic).toBe("[ 1] Kernel panic - not syncing");
});

it("a signer that refuses its key is told with its whole line, once that is there", () => {
  const watch = new ConsoleWatch(0);
  watch.push("[   31.3] gatehouse-signer[182]: gatehouse-signer: wrong sealing key: it does not", 1);
  expect(watch.refusal).toBeUndefined();
  watch.push(" open the key store\n", 2);
  expect(watch.refusal).toMatch(/wrong sealing key: it does not open the key store$/);
});

it("a service that only speaks of panics is no panic", () => {
  const watch = new ConsoleWatch(0);
  watch.push("agent: panic button pressed\nkernel.panic = -1\n", 1);
  expect(watch.panic).toBeUndefined();
});

it("measures silence from the last byte", () => {
  const watch = new ConsoleWatch(100);
  expect(watch.silentMs(150)).toBe(50);
  watch.push("a", 160);
  watch.push("", 300);
  expect(watch.silentMs(300)).toBe(140);
});

it("gives the last whole line, without colours", () => {
  const watch = new ConsoleWatch(0);
  watch.push("\x1b[32mone\x1b[0m\r\n\ntwo\nthr", 1);
  expect(watch.lastLine).toBe("two");
});

it("gives a log's lines, the last without an end too", async () => {
  const path = join(dir, "log");
  await Deno.writeTextFile(path, "a\nb\x1b[0m\nc");
  const lines: string[] = [];
  for await (const line of consoleLines(path, { follow: false, clock: systemClock })) lines.push(line);
  expect(lines).toEqual(["a", "b", "c"]);
});

it("following goes on over a new boot's log and ends with the signal", async () => {
  const path = join(dir, "log");
  await Deno.writeTextFile(path, "one\n");
  const abort = new AbortController();
  const lines: string[] = [];
  for await (const line of consoleLines(path, { follow: true, signal: abort.signal, clock: systemClock })) {
    lines.push(line);
    if (line === "one") await Deno.writeTextFile(path, "two\n", { append: true });
    if (line === "two") {
      await Deno.rename(path, `${path}.1`);
      await Deno.writeTextFile(path, "three\n");
    }
    if (line === "three") abort.abort();
  }
  expect(lines).toEqual(["one", "two", "three"]);
});

it("the tail of a log is bounded, and of a missing one empty", async () => {
  const path = join(dir, "log");
  await Deno.writeTextFile(path, "x".repeat(100_000) + "\nlast but one\n\nlast\n");
  expect(await logTail(path, 2)).toBe("last but one\nlast");
  expect((await logTail(path, 9)).length).toBeLessThan(20_000);
  expect(await logTail(join(dir, "none"), 2)).toBe("");
});
