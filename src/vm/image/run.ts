// Runs one of the builder's tools and waits for it. It ends with its caller's
// signal, and what it said last stands in the error. No shell: arguments are lists.

import { TextLineStream } from "./text_lines.ts";
import { GatehouseError } from "../errors.ts";

/** Lines of a tool's standard error that an error repeats: enough to see the cause, few enough to read. */
const TAIL_LINES = 12;
/** How much of them a classification sees; a tool that prints for ever must not fill memory. */
const KEPT_LINES = 400;
/** Of each line: dpkg repeats its whole command line, thousands of characters, in one. */
const KEPT_CHARS = 240;
/** What a cancelled tool gets to clean up after SIGTERM, in milliseconds: mmdebstrap removes a whole tree. */
const GRACE_MS = 20_000;

export interface RunOptions {
  readonly signal?: AbortSignal;
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  /** Text for its standard input; none by default. */
  readonly input?: string;
  /** Each line of standard error as it comes. */
  readonly onLine?: (line: string) => void;
}

/** A tool that ended with a failure. `lines` is the end of what it said. */
export class ToolFailed extends Error {
  override readonly name = "ToolFailed";
  constructor(readonly tool: string, readonly code: number, readonly lines: readonly string[]) {
    super(`${tool} ended with ${code}: ${lines.slice(-TAIL_LINES).join("\n  ")}`);
  }
}

/**
 * Runs `argv` to its end and gives its standard output as bytes.
 *
 * @throws GatehouseError `missing-tool` when it isn't installed, `cancelled` after an abort
 * @throws ToolFailed when it ends with anything but 0
 */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<Uint8Array> {
  const { signal } = options;
  if (signal?.aborted) throw cancelled();
  const child = start(argv, options);
  let killTimer: ReturnType<typeof setTimeout> | undefined;
  const end = () => {
    stop(child, "SIGTERM");
    killTimer = setTimeout(() => stop(child, "SIGKILL"), GRACE_MS);
  };
  signal?.addEventListener("abort", end, { once: true });
  try {
    const kept: string[] = [];
    const [output, , status] = await Promise.all([
      new Response(child.stdout).bytes(),
      readLines(child.stderr, (line) => {
        kept.push(line.slice(0, KEPT_CHARS));
        if (kept.length > KEPT_LINES) kept.shift();
        options.onLine?.(line);
      }),
      child.status,
      feed(child, options.input),
    ]);
    if (signal?.aborted) throw cancelled();
    if (!status.success) throw new ToolFailed(argv[0], status.code, kept);
    return output;
  } finally {
    signal?.removeEventListener("abort", end);
    clearTimeout(killTimer);
  }
}

function start(argv: readonly string[], options: RunOptions): Deno.ChildProcess {
  try {
    return new Deno.Command(argv[0], {
      args: argv.slice(1),
      cwd: options.cwd,
      env: { ...options.env, LC_ALL: "C.UTF-8" },
      stdin: options.input === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new GatehouseError(
      "missing-tool",
      `${argv[0]} is needed to build the image and is not installed`,
      "run ./gatehouse doctor to see what is missing and the command that installs it",
      { cause: error },
    );
  }
}

async function feed(child: Deno.ChildProcess, input: string | undefined): Promise<void> {
  if (input === undefined) return;
  const writer = child.stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode(input));
    await writer.close();
  } catch {
    // It ended without reading it all; its exit code tells why.
  }
}

async function readLines(stream: ReadableStream<Uint8Array>, onLine: (line: string) => void): Promise<void> {
  for await (const line of stream.pipeThrough(new TextLineStream())) onLine(line);
}

function stop(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch {
    // Already gone.
  }
}

function cancelled(): GatehouseError {
  return new GatehouseError(
    "cancelled",
    "the image's build was stopped",
    "run the same command again; what was downloaded is kept",
  );
}
