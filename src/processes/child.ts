// One run of a program whose lines are read: when it is ready, when it ended, what it said last. Starts nothing again.

export interface Program {
  readonly binary: string;
  readonly args: readonly string[];
  /** Whether a line, of standard output or standard error, is that by which it says that it is ready. */
  readonly isReady: (line: string) => boolean;
}

export interface Child {
  /** True at its ready line, false when it ended without one. */
  readonly ready: Promise<boolean>;
  /** Exit code, after its last line was handed on. */
  readonly ended: Promise<number>;
  /** What it says last that is no log line: the reason of its end, which may have several lines. */
  lastWords(): readonly string[];
  /** Being gone already is no error. */
  signal(name: Deno.Signal): void;
}

/** Lines of its last words that are kept. */
const MAX_LAST_WORDS = 8;

/** @throws Error when it can't be started */
export function spawnChild({ binary, args, isReady }: Program, onLine: (line: string) => void): Child {
  const child = new Deno.Command(binary, {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const { promise: ready, resolve: setReady } = Promise.withResolvers<boolean>();
  let lastWords: string[] = [];
  const take = (line: string) => {
    onLine(line);
    if (isReady(line)) setReady(true);
  };
  const lines = Promise.all([
    eachLine(child.stdout, take),
    eachLine(child.stderr, (line) => {
      lastWords = line.startsWith("{") ? [] : [...lastWords, line].slice(-MAX_LAST_WORDS);
      take(line);
    }),
  ]);
  const ended = lines.then(async () => {
    const { code } = await child.status;
    setReady(false);
    return code;
  });
  return {
    ready,
    ended,
    lastWords: () => lastWords,
    signal(name) {
      try {
        child.kill(name);
      } catch {
        // It is gone already, which is what was wanted.
      }
    },
  };
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
