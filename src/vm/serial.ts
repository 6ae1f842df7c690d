// The guest's serial console: read as it grows, cleaned, and searched for a dying
// kernel's last words. The guest writes it, so nothing in it may reach a terminal
// as a control sequence, and no part of it is kept in memory beyond a bound.

import type { Clock } from "./clock.ts";

/** What our own programs in the guest say when no second boot can help: the words, not the whole line. */
const REFUSALS = ["gatehouse-signer: wrong sealing key"];
/** What Linux prints when it gives up, and what it printed in the crashes seen under emulation. */
const LAST_WORDS = ["Kernel panic - not syncing", "---[ end Kernel panic", "double fault"];
/** No pattern nor a console line worth showing is longer; what is carried from one read to the next. */
const CARRY_CHARS = 512;
/** One read: a console writes far slower than this is drained. */
const READ_BYTES = 64 * 1024;
/** How often `-f` looks for more. */
const FOLLOW_POLL_MS = 200;

/** Without control characters except newline and tab, so that a guest can't play with the reader's terminal. */
export function cleanConsole(text: string): string {
  return text
    // deno-lint-ignore no-control-regex
    .replace(/\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])/g, "")
    // deno-lint-ignore no-control-regex
    .replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, "");
}

/** Reads a growing file from its beginning; each call gives what is new. */
export class GrowingFile {
  readonly #path: string;
  readonly #decoder = new TextDecoder();
  #file: Deno.FsFile | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** New text, "" when there is none or no file yet. At most 64 KiB a call. */
  async readMore(): Promise<string> {
    try {
      this.#file ??= await Deno.open(this.#path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return "";
      throw error;
    }
    const buffer = new Uint8Array(READ_BYTES);
    const count = await this.#file.read(buffer);
    return count === null ? "" : this.#decoder.decode(buffer.subarray(0, count), { stream: true });
  }

  /** Whether the path now names another file: a new boot began a new log. */
  async replaced(): Promise<boolean> {
    if (this.#file === undefined) return false;
    const named = await Deno.stat(this.#path).catch(() => undefined);
    return named !== undefined && named.ino !== (await this.#file.stat()).ino;
  }

  [Symbol.dispose](): void {
    this.#file?.close();
    this.#file = undefined;
  }
}

/** Watches a console for panics and silence. Feed it text; it opens nothing itself. */
export class ConsoleWatch {
  #tail = "";
  #lastOutputMs: number;
  #panic: string | undefined;
  #refusal: string | undefined;

  constructor(nowMs: number) {
    this.#lastOutputMs = nowMs;
  }

  push(text: string, nowMs: number): void {
    if (text === "") return;
    this.#lastOutputMs = nowMs;
    this.#tail += text;
    const lines = this.#tail.split("\n");
    this.#panic ??= lineWith(lines, LAST_WORDS);
    // Whole lines only: the reason stands at the end.
    this.#refusal ??= lineWith(lines.slice(0, -1), REFUSALS);
    this.#tail = this.#tail.slice(-CARRY_CHARS);
  }

  /** The line in which the kernel gave up, once it did. */
  get panic(): string | undefined {
    return this.#panic;
  }

  /** The line in which one of our programs refused to start for good, once it did. */
  get refusal(): string | undefined {
    return this.#refusal;
  }

  /** The last whole line with something in it, for a progress line. */
  get lastLine(): string {
    const lines = cleanConsole(this.#tail).split("\n").slice(0, -1).map((line) => line.trim()).filter(
      Boolean,
    );
    return (lines.at(-1) ?? "").slice(0, 100);
  }

  silentMs(nowMs: number): number {
    return nowMs - this.#lastOutputMs;
  }
}

function lineWith(lines: readonly string[], any: readonly string[]): string | undefined {
  const line = lines.find((each) => any.some((words) => each.includes(words)));
  return line === undefined ? undefined : cleanConsole(line).trim().slice(0, CARRY_CHARS);
}

/** A console line longer than this is handed on in parts. */
const MAX_LINE_CHARS = 16 * 1024;

/** The cleaned lines of the console log at `path`; with `follow` it goes on, over reboots too, until `signal`. */
export async function* consoleLines(
  path: string,
  options: { readonly follow: boolean; readonly signal?: AbortSignal; readonly clock: Clock },
): AsyncGenerator<string> {
  for (;;) {
    using file = new GrowingFile(path);
    let rest = "";
    for (;;) {
      const text = await file.readMore();
      if (text !== "") {
        const lines = (rest + text).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) yield cleanConsole(line);
        if (rest.length <= MAX_LINE_CHARS) continue;
        yield cleanConsole(rest);
        rest = "";
        continue;
      }
      const replaced = await file.replaced();
      const done = !options.follow || options.signal?.aborted === true;
      if ((done || replaced) && rest !== "") yield cleanConsole(rest);
      if (done) return;
      if (replaced) break;
      await options.clock.sleep(FOLLOW_POLL_MS, options.signal);
    }
  }
}

/** The last `lines` lines of a log, cleaned, from at most its last 16 KiB; "" when there is none. */
export async function logTail(path: string, lines: number): Promise<string> {
  const maxBytes = 16 * 1024;
  try {
    using file = await Deno.open(path);
    const { size } = await file.stat();
    await file.seek(Math.max(0, size - maxBytes), Deno.SeekMode.Start);
    const buffer = new Uint8Array(maxBytes);
    const count = await file.read(buffer) ?? 0;
    const text = cleanConsole(new TextDecoder().decode(buffer.subarray(0, count)));
    return text.split("\n").map((line) => line.trimEnd()).filter(Boolean).slice(-lines).join("\n");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
