// The terminal while `gatehouse top` has it: the other screen, no cursor, single keys.
// Must never leave a terminal otherwise than it was, whichever way the process ends.
import { printBytes } from "../output.ts";
import type { Paint, Size, Style } from "./view.ts";

const ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l";
const HOME = "\x1b[H";
const END_OF_LINE = "\x1b[K";
const REST_OF_SCREEN = "\x1b[J";

const STYLES: Readonly<Record<Style, string>> = { bold: "1", dim: "2", bad: "31", warn: "33", good: "32" };

const DEFAULT_SIZE: Size = { columns: 80, rows: 24 };

/** https://no-color.org */
export const painter = (colours: boolean): Paint => (style, text) =>
  colours ? `\x1b[${STYLES[style]}m${text}\x1b[0m` : text;

const write = (text: string): void => printBytes(new TextEncoder().encode(text));

export class Screen {
  #open = true;
  readonly #restore = () => this.close();
  readonly #resized: () => void;

  /**
   * @param onKey one key, as it was typed
   * @param onResize the terminal has another size
   */
  constructor(onKey: (key: string) => void, onResize: () => void) {
    write(ENTER);
    // cbreak: Ctrl-C stays a signal.
    if (Deno.stdin.isTerminal()) Deno.stdin.setRaw(true, { cbreak: true });
    // Also by a second Ctrl-C, which ends the process at once.
    globalThis.addEventListener("unload", this.#restore);
    this.#resized = onResize;
    Deno.addSignalListener("SIGWINCH", this.#resized);
    void this.#keys(onKey);
  }

  get size(): Size {
    try {
      const { columns, rows } = Deno.consoleSize();
      // A pseudo-terminal that was given no size says 0.
      return columns > 0 && rows > 0 ? { columns, rows } : DEFAULT_SIZE;
    } catch {
      return DEFAULT_SIZE;
    }
  }

  draw(lines: readonly string[]): void {
    if (!this.#open) return;
    write(HOME + lines.map((line) => line + END_OF_LINE).join("\r\n") + REST_OF_SCREEN);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    globalThis.removeEventListener("unload", this.#restore);
    Deno.removeSignalListener("SIGWINCH", this.#resized);
    if (Deno.stdin.isTerminal()) Deno.stdin.setRaw(false);
    write(LEAVE);
  }

  async #keys(onKey: (key: string) => void): Promise<void> {
    const buffer = new Uint8Array(16);
    while (this.#open) {
      const count = await Deno.stdin.read(buffer).catch(() => null);
      if (count === null) return;
      onKey(new TextDecoder().decode(buffer.subarray(0, count)));
    }
  }
}
