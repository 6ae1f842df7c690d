// Who waits for a channel's state to change (grpc-js's watchConnectivityState).
// Must never call back inside the change: a watcher may close the channel.
import type { connectivityState } from "@grpc/grpc-js";
import type { Clock, Timer } from "./clock.ts";

interface Watcher {
  readonly known: connectivityState;
  readonly callback: (error?: Error) => void;
  timer: Timer | undefined;
}

export class StateWatchers {
  #watchers: Watcher[] = [];

  constructor(private readonly clock: Clock) {}

  /** @param deadlineMs on the clock; Infinity waits for ever */
  add(
    state: connectivityState,
    known: connectivityState,
    deadlineMs: number,
    callback: (error?: Error) => void,
  ): void {
    if (state !== known) return queueMicrotask(callback);
    const watcher: Watcher = { known, callback, timer: undefined };
    if (deadlineMs !== Infinity) {
      watcher.timer = this.clock.startTimer(deadlineMs - this.clock.nowMs(), () => {
        this.#watchers = this.#watchers.filter((one) => one !== watcher);
        callback(new Error("Deadline passed without connectivity state change"));
      });
    }
    this.#watchers.push(watcher);
  }

  changed(state: connectivityState): void {
    if (this.#watchers.length === 0) return;
    const told = this.#watchers.filter(({ known }) => known !== state);
    this.#watchers = this.#watchers.filter(({ known }) => known === state);
    for (const { timer, callback } of told) {
      timer?.cancel();
      queueMicrotask(callback);
    }
  }
}
