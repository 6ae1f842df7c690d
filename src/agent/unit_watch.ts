// Whether a process beside the agent answers, told as events when it is lost and when it is back.
// Must never tell a start as a loss: a unit has its time to come up.
import type { UnitInit } from "../proto/mod.ts";
import { type AfterTimer, backgroundTimer } from "./background_timer.ts";
import type { EmitEvent, EventKindNumber } from "./event_sink.ts";

/** How long a unit may take to answer at first: a VM's signer under software emulation takes some seconds. */
export const COME_UP_MS = 15_000;

export interface UnitWatchOptions {
  /** "signer", "edge". */
  readonly name: string;
  readonly lost: EventKindNumber;
  readonly back: EventKindNumber;
  readonly emit: EmitEvent;
  /** Told at every change, and at the start. */
  readonly onHealth: (healthy: boolean) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly after?: AfterTimer;
}

export class UnitWatch {
  readonly #options: UnitWatchOptions;
  #state: "coming" | "answers" | "lost" = "coming";
  #sinceMs: number;
  #cancelComing: () => void;

  constructor(options: UnitWatchOptions) {
    this.#options = options;
    this.#sinceMs = options.now();
    this.#cancelComing = (options.after ?? backgroundTimer)(COME_UP_MS, () => {
      if (this.#state === "coming") this.#lose("hasn't answered since the agent's start");
    });
    options.onHealth(false);
  }

  get healthy(): boolean {
    return this.#state === "answers";
  }

  tell(healthy: boolean): void {
    if (healthy) this.#answer();
    else if (this.#state === "answers") this.#lose("doesn't answer");
  }

  /** No more events: what stops with the agent isn't lost. */
  close(): void {
    this.#cancelComing();
    this.#state = "coming";
  }

  /** As Status tells it. */
  unit(detail = ""): UnitInit {
    const since = new Date(this.#sinceMs).toISOString();
    const word = { coming: "no answer yet since", answers: "answers since", lost: "doesn't answer since" };
    return {
      name: this.#options.name,
      healthy: this.healthy,
      detail: `${word[this.#state]} ${since}${detail && `; ${detail}`}`,
    };
  }

  #answer(): void {
    if (this.#state === "answers") return;
    const { name, back, emit, now, onHealth } = this.#options;
    const awayMs = now() - this.#sinceMs;
    this.#cancelComing();
    if (this.#state === "lost") emit(back, `the ${name} answers again`, { away_ms: String(awayMs) });
    this.#state = "answers";
    this.#sinceMs = now();
    onHealth(true);
  }

  #lose(how: string): void {
    const { name, lost, emit, now, onHealth } = this.#options;
    this.#state = "lost";
    this.#sinceMs = now();
    emit(lost, `the ${name} ${how}`);
    onHealth(false);
  }
}
