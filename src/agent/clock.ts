// Whether the machine's clock can be believed: certificates and time limits mean nothing without one.
// Must never set the clock, and must take the machine's word only where nothing known contradicts it.
import { join } from "node:path";
import { backgroundInterval } from "./background_timer.ts";
import { replaceFile } from "../files/durable_file.ts";
import { readIfThere } from "../files/read_if_there.ts";
import { isoTime } from "./iso_time.ts";
import { errorText, type Logger } from "./log/mod.ts";

/**
 * This code was not written before: 2026-06-01 00:00 UTC. A clock that stands before it was never set. It is later than
 * the release of the image's systemd, to which systemd itself sets a clock that stands before that.
 */
export const OLDEST_MS = Date.UTC(2026, 5, 1);

/** systemd-timesyncd(8) makes it once a time server has answered. */
const SYNCHRONIZED_MARK = "/run/systemd/timesync/synchronized";

/** Below `stateDir`: the last time that was known, RFC 3339. */
const KEPT_FILE = "clock";

/** How often the clock is looked at: how late a step or the first answer of a time server is noticed. */
const LOOK_MS = 10_000;

/** How often the time is kept: as much as the floor may lag, and as seldom as a disk deserves. */
const KEEP_MS = 10 * 60_000;

/** Less is slewing, or a timer that was late. */
const STEP_MS = 2_000;

/** How far before the floor the clock may stand: small corrections are everyday, and no certificate's hour. */
const SLACK_MS = 5 * 60_000;

/** A kept time is one line of 24 bytes; a file that is longer isn't ours. */
const MAX_KEPT_BYTES = 64;

export interface ClockKnowledge {
  readonly known: boolean;
  /** By what it is known, or why it isn't and what to do. */
  readonly reason: string;
  /** Calls back at every change of `known`. */
  onChange(callback: (known: boolean) => void): void;
}

export interface ApplianceClockOptions {
  log: Logger;
  /** Absent: nothing is kept between two starts. */
  stateDir?: string;
  /** Wall clock, milliseconds since 1970. */
  nowMs?: () => number;
  /** Never steps. */
  monotonicMs?: () => number;
  synchronizedMark?: string;
}

export class ApplianceClock implements ClockKnowledge {
  readonly #log: Logger;
  readonly #file: string | undefined;
  readonly #nowMs: () => number;
  readonly #monotonicMs: () => number;
  readonly #mark: string;
  readonly #callbacks: ((known: boolean) => void)[] = [];
  #floorMs = OLDEST_MS;
  #known = false;
  #reason = "not looked at yet";
  /** Wall minus monotonic: changes only when the wall clock is stepped. */
  #offsetMs: number;
  #keptAtMs = -Infinity;
  #saidNotKept = false;
  #looking: Promise<void> = Promise.resolve();
  #stopLooking: (() => void) | undefined;

  private constructor(options: ApplianceClockOptions) {
    this.#log = options.log;
    this.#file = options.stateDir === undefined ? undefined : join(options.stateDir, KEPT_FILE);
    this.#nowMs = options.nowMs ?? Date.now;
    this.#monotonicMs = options.monotonicMs ?? (() => performance.now());
    this.#mark = options.synchronizedMark ?? SYNCHRONIZED_MARK;
    this.#offsetMs = this.#nowMs() - this.#monotonicMs();
  }

  /** Reads what was kept and looks at the clock; from then on it looks every ten seconds. Never rejects. */
  static async start(options: ApplianceClockOptions): Promise<ApplianceClock> {
    const clock = new ApplianceClock(options);
    const kept = await clock.#readKept();
    if (kept !== undefined) clock.#floorMs = Math.max(clock.#floorMs, kept);
    await clock.look();
    clock.#stopLooking = backgroundInterval(LOOK_MS, () => void clock.look());
    return clock;
  }

  get known(): boolean {
    return this.#known;
  }

  get reason(): string {
    return this.#reason;
  }

  /** Milliseconds since 1970, known or not. */
  nowMs(): number {
    return this.#nowMs();
  }

  onChange(callback: (known: boolean) => void): void {
    this.#callbacks.push(callback);
  }

  /**
   * Something that the operator gave was made at `ms`, so it is later now.
   * @param ms milliseconds since 1970
   */
  async notBefore(ms: number): Promise<void> {
    this.#floorMs = Math.max(this.#floorMs, ms);
    await this.look();
  }

  /** Looks at the clock now; one look at a time. Never rejects. */
  look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#look());
    return this.#looking;
  }

  /** Keeps the time for the next start. */
  async stop(): Promise<void> {
    this.#stopLooking?.();
    await this.#looking;
    if (this.#known) await this.#keep();
  }

  async #look(): Promise<void> {
    this.#noticeStep();
    const synchronized = await exists(this.#mark);
    const now = this.#nowMs();
    // A time server outweighs what was kept: a clock that once stood in the future must not block for years.
    if (synchronized) this.#floorMs = OLDEST_MS;
    const known = now >= this.#floorMs - SLACK_MS;
    this.#reason = known
      ? synchronized
        ? "a time server has answered"
        : "by the machine's clock; no time server has confirmed it"
      : `it says ${isoTime(now)}, and it was ${
        isoTime(this.#floorMs)
      } already: set the machine's clock or name ` +
        `time servers ([time])${this.#file === undefined ? "" : `; if ${this.#file} is wrong, remove it`}`;
    if (known && this.#monotonicMs() - this.#keptAtMs >= KEEP_MS) await this.#keep();
    if (known === this.#known) return;
    this.#known = known;
    for (const callback of this.#callbacks) callback(known);
  }

  #noticeStep(): void {
    const offset = this.#nowMs() - this.#monotonicMs();
    const step = offset - this.#offsetMs;
    this.#offsetMs = offset;
    if (Math.abs(step) < STEP_MS) return;
    this.#log.warn("the clock was stepped, or the machine was suspended", { by_ms: Math.round(step) });
  }

  async #readKept(): Promise<number | undefined> {
    if (this.#file === undefined) return undefined;
    try {
      const text = await readIfThere(this.#file, MAX_KEPT_BYTES);
      if (text === undefined) return undefined;
      const ms = Date.parse(text.trim());
      if (Number.isNaN(ms)) throw new Error("it holds no time");
      return ms;
    } catch (error) {
      this.#log.warn("the kept time can't be read, going on without it", {
        file: this.#file,
        error: errorText(error),
      });
      return undefined;
    }
  }

  async #keep(): Promise<void> {
    const now = this.#nowMs();
    this.#keptAtMs = this.#monotonicMs();
    this.#floorMs = Math.max(this.#floorMs, now);
    if (this.#file === undefined) return;
    try {
      await replaceFile(this.#file, `${isoTime(now)}\n`);
    } catch (error) {
      if (this.#saidNotKept) return;
      this.#saidNotKept = true;
      this.#log.warn("the time can't be kept for the next start", {
        file: this.#file,
        error: errorText(error),
      });
    }
  }
}

/** Whether the file is there; what may not be asked is taken as absent. */
async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch {
    return false;
  }
}
