// One timer for what all connections of a server need once a second.
// Must never run while there is none, nor keep the process alive.
import type { Clock } from "./clock.ts";
import { SWEEP_MS } from "./limits.ts";

export class Sweeps<T extends { sweep(nowMs: number): void }> {
  #running = false;

  /** @param all those that are swept; read at each sweep */
  constructor(private readonly clock: Clock, private readonly all: () => Iterable<T>) {}

  /** There is one to sweep. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.clock.startTimer(SWEEP_MS, () => this.#sweep(), true);
  }

  #sweep(): void {
    this.#running = false;
    const nowMs = this.clock.nowMs();
    for (const one of [...this.all()]) {
      one.sweep(nowMs);
      this.start();
    }
  }
}
