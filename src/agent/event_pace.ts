// Keeps what a stranger can cause at will from filling the ring of events: the first of each kind at once,
// what follows within the window counted. Must never hold more than a bounded number of texts.

import { type AfterTimer, backgroundTimer } from "./background_timer.ts";

/** How long near-duplicates are counted together. */
export const WINDOW_MS = 10_000;

/**
 * Different ones told in a window. With the line that counts the others, a flood fills the ring of 1,024 in some
 * 19 minutes at the fastest: what it pushes out was seen by whoever looks each quarter of an hour.
 */
export const MAX_TOLD = 8;

export class EventPace {
  readonly #told = new Set<string>();
  #untold = 0;
  #cancelWindow: (() => void) | undefined;

  /** @param tellRest says, at the window's end, how many were not told; never with 0 */
  constructor(
    private readonly tellRest: (count: number) => void,
    private readonly after: AfterTimer = backgroundTimer,
  ) {}

  /** Whether this one is to be told now; if not, it is counted. */
  take(message: string): boolean {
    this.#cancelWindow ??= this.after(WINDOW_MS, () => this.#endWindow());
    if (this.#told.size < MAX_TOLD && !this.#told.has(message)) {
      this.#told.add(message);
      return true;
    }
    this.#untold++;
    return false;
  }

  /** Says what is counted and not told yet: for the end of the process. */
  close(): void {
    this.#cancelWindow?.();
    this.#endWindow();
  }

  #endWindow(): void {
    this.#cancelWindow = undefined;
    this.#told.clear();
    const untold = this.#untold;
    this.#untold = 0;
    if (untold > 0) this.tellRest(untold);
  }
}
