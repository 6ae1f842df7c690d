// What one process counts of one service: calls, errors by status, latencies, late starts.
// Must hold only calls of the measurement: the warm-up never comes here.
import { LatencyHistogram } from "./histogram.ts";

/** An open loop's call that starts so much after its time is late: a scheduler's hiccup, not a rounding. */
export const LATE_MS = 1;
/** Of an error's message: it goes into the report. */
const MAX_MESSAGE_CHARS = 300;

export interface ErrorCount {
  readonly count: number;
  /** The message of the first. */
  readonly first: string;
}

/** A tally on its way to another process, and summed up. */
export interface TallyData {
  readonly ok: number;
  readonly errors: Readonly<Record<string, ErrorCount>>;
  readonly late: number;
  readonly maxLateMs: number;
  /** From the measurement's start to the end of its last call. */
  readonly elapsedMs: number;
  readonly histogram: string;
}

/** What came since the last tick, for the progress line. */
export interface Tick {
  readonly ok: number;
  readonly failed: number;
  readonly histogram: string;
}

export class Tally {
  readonly #errors = new Map<string, { count: number; first: string }>();
  readonly #latencies = new LatencyHistogram();
  /** Of this tick; recording twice would cost twice. */
  readonly #recent = new LatencyHistogram();
  #failed = 0;
  #failedBefore = 0;
  #late = 0;
  #maxLateMs = 0;
  #lastEndMs: number;

  /** @param fromMs when the measurement begins, on the clock that the other times are of */
  constructor(private readonly fromMs: number) {
    this.#lastEndMs = fromMs;
  }

  started(lateMs: number): void {
    if (lateMs > LATE_MS) this.#late++;
    if (lateMs > this.#maxLateMs) this.#maxLateMs = lateMs;
  }

  /** @param error the status' name, undefined for OK */
  ended(error: string | undefined, details: string, latencyMs: number, nowMs: number): void {
    this.#lastEndMs = nowMs;
    if (error === undefined) return this.#recent.recordMs(latencyMs);
    this.#failed++;
    const known = this.#errors.get(error);
    if (known === undefined) {
      this.#errors.set(error, { count: 1, first: details.slice(0, MAX_MESSAGE_CHARS) });
    } else known.count++;
  }

  /** The measurement lasted at least until then, though no call ended there. */
  lastedUntil(atMs: number): void {
    this.#lastEndMs = Math.max(this.#lastEndMs, atMs);
  }

  tick(): Tick {
    const failed = this.#failed - this.#failedBefore;
    this.#failedBefore = this.#failed;
    const tick = { ok: this.#recent.count, failed, histogram: this.#recent.encode() };
    this.#fold();
    return tick;
  }

  data(): TallyData {
    this.#fold();
    return {
      ok: this.#latencies.count,
      errors: Object.fromEntries(this.#errors),
      late: this.#late,
      maxLateMs: this.#maxLateMs,
      elapsedMs: this.#lastEndMs - this.fromMs,
      histogram: this.#latencies.encode(),
    };
  }

  #fold(): void {
    this.#latencies.add(this.#recent);
    this.#recent.reset();
  }
}

/** The sum of what several processes counted side by side. @throws Error on a histogram that isn't one */
export function mergeTallies(parts: readonly TallyData[]): TallyData {
  const latencies = new LatencyHistogram();
  const errors = new Map<string, ErrorCount>();
  for (const part of parts) {
    latencies.add(LatencyHistogram.decode(part.histogram));
    for (const [name, { count, first }] of Object.entries(part.errors)) {
      const known = errors.get(name);
      errors.set(name, known === undefined ? { count, first } : { ...known, count: known.count + count });
    }
  }
  return {
    ok: latencies.count,
    errors: Object.fromEntries(errors),
    late: parts.reduce((sum, { late }) => sum + late, 0),
    maxLateMs: Math.max(0, ...parts.map(({ maxLateMs }) => maxLateMs)),
    elapsedMs: Math.max(0, ...parts.map(({ elapsedMs }) => elapsedMs)),
    histogram: latencies.encode(),
  };
}
