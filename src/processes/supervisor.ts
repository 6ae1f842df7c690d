// Runs one of our own programs beside us, for `gatehouse serve`. In the VM systemd does this. The program ends with
// us, however we end: its standard input is a pipe of ours, and it stops at the pipe's end.
import { type Clock, systemClock } from "../grpc/clock.ts";
import { type Child, type Program, spawnChild } from "./child.ts";

export interface SupervisorOptions {
  /** What messages call it. */
  readonly name: string;
  readonly program: Program;
  /** What it is started with when it is started again; default: the same as at first. */
  readonly restarted?: Program;
  /** It ends with these when only the operator can help: then it isn't started again. */
  readonly finalExitCodes?: readonly number[];
  /** From its start to its ready line. */
  readonly startTimeoutMs: number;
  /** From SIGTERM to SIGKILL. */
  readonly stopGraceMs: number;
  /** Each line that it writes, and what happens to it. */
  readonly onLog: (line: string) => void;
  readonly clock?: Clock;
}

/** It could not start; the message is its own and says what to do. */
export class ProgramStartError extends Error {
  override readonly name: string = "ProgramStartError";

  /** @param exitCode as its `--help` lists them; -1: it was not even started */
  constructor(message: string, readonly exitCode: number) {
    super(message);
  }
}

/** Pauses before it is started again: shorter than a caller notices, then out of the way. */
const FIRST_RESTART_MS = 50;
const MAX_RESTART_MS = 5_000;
/** Having run so long, its end is a new trouble and not the old one. */
const SETTLED_MS = 10_000;

/** Starts a program and starts it again whenever it dies. */
export class Supervisor {
  readonly #clock: Clock;
  readonly #stopping = new AbortController();
  #child: Child | undefined;
  #watching: Promise<void> = Promise.resolve();

  constructor(private readonly options: SupervisorOptions) {
    this.#clock = options.clock ?? systemClock;
  }

  /** @returns when it is ready for the first time @throws ProgramStartError when it never is */
  async start(): Promise<void> {
    const { program, startTimeoutMs } = this.options;
    const child = this.#spawn(program);
    const timeout = this.#clock.startTimer(startTimeoutMs, () => child.signal("SIGKILL"));
    const ready = await child.ready;
    timeout.cancel();
    if (!ready) {
      const exitCode = await child.ended;
      const said = child.lastWords().join("\n") ||
        `${program.binary} was not ready within ${startTimeoutMs / 1000} s`;
      throw new ProgramStartError(said, exitCode);
    }
    this.#watching = this.#watch(child);
  }

  /** Ends it and resolves when it is gone. Stopping twice is no error. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const child = this.#child;
    if (child) {
      child.signal("SIGTERM");
      const kill = this.#clock.startTimer(this.options.stopGraceMs, () => child.signal("SIGKILL"));
      await child.ended;
      kill.cancel();
    }
    await this.#watching;
  }

  /** Never rejects. */
  async #watch(first: Child): Promise<void> {
    const { name, program, restarted = program, finalExitCodes = [] } = this.options;
    let child: Child | undefined = first;
    let pauseMs = FIRST_RESTART_MS;
    while (true) {
      const startedMs = this.#clock.nowMs();
      const exitCode = await child?.ended;
      this.#child = undefined;
      if (this.#stopping.signal.aborted) return;
      if (this.#clock.nowMs() - startedMs >= SETTLED_MS) pauseMs = FIRST_RESTART_MS;
      // A signal to all processes at once ends it before we are told to stop it: then there is nothing to tell.
      await this.#pause(FIRST_RESTART_MS);
      if (this.#stopping.signal.aborted) return;
      if (exitCode !== undefined && finalExitCodes.includes(exitCode)) {
        this.#log(
          `the ${name} ended (${exitCode}) and is not started again; do what it says, then restart this`,
        );
        return;
      }
      this.#log(`the ${name} ended (${exitCode ?? "not started"}); starting it again`);
      await this.#pause(pauseMs - FIRST_RESTART_MS);
      if (this.#stopping.signal.aborted) return;
      pauseMs = Math.min(2 * pauseMs, MAX_RESTART_MS);
      try {
        child = this.#spawn(restarted);
      } catch (error) {
        child = undefined;
        this.#log(error instanceof Error ? error.message : String(error));
      }
    }
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        timer.cancel();
        this.#stopping.signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = this.#clock.startTimer(delayMs, done);
      this.#stopping.signal.addEventListener("abort", done, { once: true });
    });
  }

  /** A log that can't be written to (its reader is gone) must not end the program nor us. */
  readonly #log = (line: string): void => {
    try {
      this.options.onLog(line);
    } catch {
      // There is nowhere left to say it.
    }
  };

  #spawn(program: Program): Child {
    try {
      return this.#child = spawnChild(program, this.#log);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new ProgramStartError(`${program.binary} can't be started: ${why}`, -1);
    }
  }
}
