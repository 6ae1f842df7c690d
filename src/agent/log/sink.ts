// Brings lines to their output without ever making the caller wait.
// Must never throw, never block, never hold more than a bounded amount of text: what does not fit is counted.

/** Where bytes go; Deno.stderr and Deno.stdout have this shape. */
export interface Output {
  write(bytes: Uint8Array): Promise<number>;
}

/**
 * Text that may wait for a slow reader, in UTF-16 units (at most three bytes each): some thousands of lines.
 * A stopped journal or a terminal held with Ctrl-S must not grow the process without a bound.
 */
export const MAX_PENDING_UNITS = 1 << 20;

const encoder = new TextEncoder();

/** Lines in, one write in flight at most; the lines of one turn of the event loop go out together. */
export class Sink {
  #pending = "";
  #pendingLines = 0;
  #draining: Promise<void> | undefined;
  #lost = 0;

  /** `lostLine` renders the line that says how many lines were lost before it. */
  constructor(
    private readonly output: Output,
    private readonly lostLine: (lost: number) => string,
    private readonly maxPendingUnits = MAX_PENDING_UNITS,
  ) {}

  /** Lines lost since the last one that said so. */
  get lost(): number {
    return this.#lost;
  }

  /** Takes one line, its line end included. */
  push(line: string): void {
    if (this.#pending.length + line.length > this.maxPendingUnits) {
      this.#lost++;
      return;
    }
    this.#pending += line;
    this.#pendingLines++;
    this.#draining ??= this.#drain();
  }

  /** Counts a line that could not be made. */
  countLost(): void {
    this.#lost++;
  }

  /** Waits until everything is written, at most `timeoutMs`. False: the output took too long. */
  async flush(timeoutMs: number): Promise<boolean> {
    const draining = this.#draining;
    if (draining === undefined) return true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<boolean>((resolve) => timer = setTimeout(() => resolve(false), timeoutMs));
    const written = await Promise.race([draining.then(() => true), late]);
    clearTimeout(timer);
    return written;
  }

  async #drain(): Promise<void> {
    // Lets the rest of this turn's lines come along.
    await Promise.resolve();
    while (this.#pendingLines > 0) {
      const lines = this.#pendingLines;
      const lost = this.#lost;
      try {
        const text = lost > 0 ? this.#pending + this.lostLine(lost) : this.#pending;
        this.#pending = "";
        this.#pendingLines = 0;
        this.#lost -= lost;
        await this.#writeAll(encoder.encode(text));
      } catch {
        // The reader is gone. There is nobody to tell, but one may come back (a restarted journal).
        this.#lost += lines + lost;
      }
    }
    this.#draining = undefined;
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const written = await this.output.write(bytes.subarray(at));
      if (written <= 0) throw new Error("the log's output takes nothing");
      at += written;
    }
  }
}
