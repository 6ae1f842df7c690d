// Runs the signer's program beside the agent, for `gatehouse serve`. In the VM
// systemd does this. The program ends with us, however we end: its standard
// input is a pipe of ours, and it stops at the pipe's end.
import { type Clock, systemClock } from "../grpc/clock.ts";

export interface SignerProcessOptions {
  readonly binary: string;
  /** Path of the Unix socket that it is to listen on. */
  readonly socket: string;
  readonly stateDir: string;
  readonly sealingKeyFile: string;
  /** Each line that it writes, and what happens to it. */
  readonly onLog: (line: string) => void;
  readonly clock?: Clock;
}

export interface SignerProcess {
  /** Ends it and resolves when it is gone. Stopping twice is no error. */
  stop(): Promise<void>;
}

/** It could not start; the message is its own and says what to do. */
export class SignerStartError extends Error {
  override readonly name = "SignerStartError";

  /** @param exitCode as `gatehouse-signer --help` lists them */
  constructor(message: string, readonly exitCode: number) {
    super(message);
  }
}

/** Making an RSA key can take seconds on an emulated processor. */
const START_TIMEOUT_MS = 30_000;
/** Its own grace for what is in flight is 5 s. */
const STOP_GRACE_MS = 6_000;
/** Lines of its last words that are kept. */
const MAX_LAST_WORDS = 8;
/** Pauses before it is started again: shorter than a caller notices, then out of the way. */
const FIRST_RESTART_MS = 50;
const MAX_RESTART_MS = 5_000;
/** Having run so long, its end is a new trouble and not the old one. */
const SETTLED_MS = 10_000;

/**
 * Starts the signer and starts it again whenever it dies.
 * @returns when it answers for the first time
 * @throws SignerStartError when the first start fails
 */
export async function startSignerProcess(options: SignerProcessOptions): Promise<SignerProcess> {
  const supervisor = new Supervisor(options);
  await supervisor.start();
  return supervisor;
}

interface Running {
  readonly child: Deno.ChildProcess;
  /** True at its ready line, false when it ended without one. */
  readonly ready: Promise<boolean>;
  /** Exit code, after its last line was handed on. */
  readonly ended: Promise<number>;
  /** What it says last that is no log line: the reason of its end, which may have several lines. */
  lastWords: string[];
}

class Supervisor implements SignerProcess {
  readonly #clock: Clock;
  readonly #stopping = new AbortController();
  #running: Running | undefined;
  #watching: Promise<void> = Promise.resolve();

  constructor(private readonly options: SignerProcessOptions) {
    this.#clock = options.clock ?? systemClock;
  }

  async start(): Promise<void> {
    const running = this.#spawn([]);
    const timeout = this.#clock.startTimer(START_TIMEOUT_MS, () => running.child.kill("SIGKILL"));
    const ready = await running.ready;
    timeout.cancel();
    if (!ready) {
      const exitCode = await running.ended;
      const said = running.lastWords.join("\n") ||
        `${this.options.binary} was not ready within ${START_TIMEOUT_MS / 1000} s`;
      throw new SignerStartError(said, exitCode);
    }
    this.#watching = this.#watch(running);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    const running = this.#running;
    if (running) {
      signal(running.child, "SIGTERM");
      const kill = this.#clock.startTimer(STOP_GRACE_MS, () => signal(running.child, "SIGKILL"));
      await running.ended;
      kill.cancel();
    }
    await this.#watching;
  }

  /** Never rejects. */
  async #watch(first: Running): Promise<void> {
    let running: Running | undefined = first;
    let pauseMs = FIRST_RESTART_MS;
    while (true) {
      const startedMs = this.#clock.nowMs();
      const exitCode = await running?.ended;
      this.#running = undefined;
      if (this.#stopping.signal.aborted) return;
      if (this.#clock.nowMs() - startedMs >= SETTLED_MS) pauseMs = FIRST_RESTART_MS;
      this.#log(
        `the signer ended (${exitCode ?? "not started"}); starting it again in ${pauseMs} ms`,
      );
      await this.#pause(pauseMs);
      if (this.#stopping.signal.aborted) return;
      pauseMs = Math.min(2 * pauseMs, MAX_RESTART_MS);
      try {
        // A store that is gone must not become a new identity in silence.
        running = this.#spawn(["--existing-store"]);
      } catch (error) {
        running = undefined;
        this.#log(error instanceof Error ? error.message : String(error));
      }
    }
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        timer.cancel();
        resolve();
      };
      const timer = this.#clock.startTimer(delayMs, done);
      this.#stopping.signal.addEventListener("abort", done, { once: true });
    });
  }

  /** A log that can't be written to (its reader is gone) must not end the signer nor us. */
  #log(line: string): void {
    try {
      this.options.onLog(line);
    } catch {
      // There is nowhere left to say it.
    }
  }

  #spawn(more: readonly string[]): Running {
    const { binary, socket, stateDir, sealingKeyFile } = this.options;
    const args = [
      "--socket",
      socket,
      "--state",
      stateDir,
      "--sealing-key-file",
      sealingKeyFile,
      "--stop-at-stdin-end",
      ...more,
    ];
    let child: Deno.ChildProcess;
    try {
      child = new Deno.Command(binary, { args, stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new SignerStartError(`${binary} can't be started: ${why}`, -1);
    }
    const { promise: ready, resolve: setReady } = Promise.withResolvers<boolean>();
    const lines = Promise.all([
      eachLine(child.stdout, (line) => {
        this.#log(line);
        setReady(true);
      }),
      eachLine(child.stderr, (line) => {
        if (line.startsWith("{")) running.lastWords = [];
        else running.lastWords = [...running.lastWords, line].slice(-MAX_LAST_WORDS);
        this.#log(line);
      }),
    ]);
    const ended = lines.then(async () => {
      const { code } = await child.status;
      setReady(false);
      return code;
    });
    const running: Running = { child, ready, ended, lastWords: [] };
    this.#running = running;
    return running;
  }
}

function signal(child: Deno.ChildProcess, name: Deno.Signal): void {
  try {
    child.kill(name);
  } catch {
    // It is gone already, which is what was wanted.
  }
}

async function eachLine(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  onLine: (line: string) => void,
): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(onLine);
  }
  if (rest) onLine(rest);
}
