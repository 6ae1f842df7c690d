// Whether a process beside the agent answers, told as events when it is lost and when it is back.
// Must never tell a start as a loss: a unit has its time to come up.
import type { UnitInit } from "../proto/mod.ts";
import { type AfterTimer, backgroundTimer } from "./background_timer.ts";
import type { EmitEvent, EventKindNumber } from "./event_sink.ts";

/** How long a unit may take to answer at first: a VM's signer under software emulation takes some seconds. */
const COME_UP_MS = 15_000;

/** How long it is to answer before its return is told: one that dies again and again must not fill the ring of events. */
const STEADY_MS = 1_000;

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
  readonly #after: AfterTimer;
  /** As health has it; "returning" answers, and its loss is the last that was told. */
  #state: "coming" | "answers" | "lost" | "returning" = "coming";
  #sinceMs: number;
  #cancelTimer: () => void;

  constructor(options: UnitWatchOptions) {
    this.#options = options;
    this.#sinceMs = options.now();
    this.#after = options.after ?? backgroundTimer;
    this.#cancelTimer = this.#after(COME_UP_MS, () => this.#lose("hasn't answered since the agent's start"));
    options.onHealth(false);
  }

  get healthy(): boolean {
    return this.#state === "answers" || this.#state === "returning";
  }

  tell(healthy: boolean): void {
    if (healthy && !this.healthy) this.#answer();
    else if (!healthy && this.healthy) this.#lose("doesn't answer");
  }

  /** No more events: what stops with the agent isn't lost. */
  close(): void {
    this.#cancelTimer();
    this.#state = "coming";
  }

  /** As Status tells it. */
  unit(detail = ""): UnitInit {
    const since = new Date(this.#sinceMs).toISOString();
    const word = this.healthy
      ? "answers since"
      : this.#state === "lost"
      ? "doesn't answer since"
      : "no answer yet since";
    return {
      name: this.#options.name,
      healthy: this.healthy,
      detail: `${word} ${since}${detail && `; ${detail}`}`,
    };
  }

  #answer(): void {
    const { name, back, emit, now, onHealth } = this.#options;
    const lostAtMs = this.#sinceMs;
    this.#cancelTimer();
    this.#sinceMs = now();
    if (this.#state === "coming") this.#state = "answers";
    else {
      this.#state = "returning";
      const awayMs = String(this.#sinceMs - lostAtMs);
      this.#cancelTimer = this.#after(STEADY_MS, () => {
        this.#state = "answers";
        emit(back, `the ${name} answers again`, { away_ms: awayMs });
      });
    }
    onHealth(true);
  }

  #lose(how: string): void {
    const { name, lost, emit, now, onHealth } = this.#options;
    const told = this.#state === "returning";
    this.#cancelTimer();
    this.#state = "lost";
    this.#sinceMs = now();
    if (!told) emit(lost, `the ${name} ${how}`);
    onHealth(false);
  }
}
