// The parent's side of a child process: a Worker whose work is done elsewhere.
// Must never wait for a child that has ended, nor leave one behind.
import { readLines } from "../vm/read_lines.ts";
import { errorOf, type FromChild, MAX_LINE_CHARS, type ToChild } from "./child_protocol.ts";
import type { BenchOptions, ServiceName } from "./options.ts";
import type { Tick } from "./tally.ts";
import type { RunResult, Worker } from "./worker.ts";

/** A child that was told to end may take so long. */
const END_MS = 2_000;

interface Waiting {
  readonly onTick: (tick: Tick) => void;
  readonly resolve: (result: RunResult | undefined) => void;
  readonly reject: (error: Error) => void;
}

export class ChildWorker implements Worker {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  #waiting: Waiting | undefined;
  #ended: Error | undefined;

  /** @param command starts child.ts */
  constructor(
    command: readonly string[],
    private readonly options: BenchOptions,
    private readonly index: number,
  ) {
    this.#child = new Deno.Command(command[0], {
      args: command.slice(1),
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    readLines(this.#child.stdout, (line) => this.#heard(JSON.parse(line) as FromChild), MAX_LINE_CHARS)
      .then(() => this.#child.status)
      .then(
        ({ code }) => this.#lost(new Error(`process ${this.index} of the bench ended with ${code}`)),
        (error: Error) => this.#lost(error),
      );
  }

  async connect(): Promise<void> {
    await this.#ask({ job: { options: this.options, index: this.index } }, () => {});
  }

  async run(
    service: ServiceName,
    startEpochMs: number,
    onTick: (tick: Tick) => void,
    signal: AbortSignal,
  ): Promise<RunResult> {
    const stop = () => this.#say({ stop: true });
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    try {
      const result = await this.#ask({ run: { service, startEpochMs } }, onTick);
      if (result === undefined) throw new Error(`process ${this.index} of the bench gave no result`);
      return result;
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  async close(): Promise<void> {
    if (this.#ended !== undefined) return;
    const kill = setTimeout(() => this.#child.kill("SIGKILL"), END_MS);
    // Refused when the child has ended already, which is what is wanted.
    await this.#input.close().catch(() => {});
    await this.#child.status;
    clearTimeout(kill);
  }

  #ask(message: ToChild, onTick: (tick: Tick) => void): Promise<RunResult | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended);
      this.#waiting = { onTick, resolve, reject };
      this.#say(message);
    });
  }

  #say(message: ToChild): void {
    // A child that is gone is told by #lost.
    this.#input.write(new TextEncoder().encode(JSON.stringify(message) + "\n")).catch(() => {});
  }

  #heard(message: FromChild): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    if ("tick" in message) return waiting.onTick(message.tick);
    this.#waiting = undefined;
    if ("failure" in message) waiting.reject(errorOf(message.failure));
    else waiting.resolve("result" in message ? message.result : undefined);
  }

  #lost(reason: Error): void {
    this.#ended = reason;
    this.#waiting?.reject(reason);
    this.#waiting = undefined;
  }
}
