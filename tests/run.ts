// Runs every stage of checks, the fast ones first, and ends in one line that
// counts the tests. A test that skipped itself is named there with its reason,
// never silently passed.
import { note, print, printBytes } from "../src/cli/output.ts";
import { REPO_ROOT } from "../src/cli/root.ts";
import { GatehouseError } from "../src/vm/errors.ts";
import { addCounts, cargoCounts, type Counts, noTests, vitestCounts } from "./lib/counts.ts";
import { prepareMachine } from "./prepare.ts";
import { type Command, reportPath, type Stage, stages } from "./stages.ts";

export interface TestRunOptions {
  quick: boolean;
  /** Names of stages; all when absent. */
  only?: string[];
  signal: AbortSignal;
}

interface Result {
  stage: string;
  seconds: number;
  /** A stage without tests is one check. */
  counts: Counts;
  /** Why the stage failed; undefined when it passed. */
  failure?: string;
}

/** @returns the exit code: 0 when nothing failed */
export async function runTests({ quick, only, signal }: TestRunOptions): Promise<number> {
  const chosen = choose(quick, only);
  const results: Result[] = [];
  // `--quick` checks the code, whatever the machine has.
  if (!quick) await prepareMachine(signal);
  for (const stage of chosen) {
    if (signal.aborted) break;
    note(`\n=== ${stage.name}: ${stage.what}`);
    const result = await runStage(stage, signal);
    note(`=== ${summary(result)}`);
    results.push(result);
  }
  note("");
  const total = noTests();
  for (const result of results) {
    print(summary(result));
    for (const { name, reason } of result.counts.skipped) {
      print(`${" ".repeat(20)}skipped: ${name}${reason ? ` (${reason})` : ""}`);
    }
    addCounts(total, result.counts);
  }
  const stopped = signal.aborted;
  if (stopped) print("stopped before the end");
  print(`${total.passed} passed, ${total.failed} failed, ${total.skipped.length} skipped`);
  return total.failed > 0 || stopped ? 1 : 0;
}

function summary({ stage, seconds, counts, failure }: Result): string {
  const tests = `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped.length} skipped`;
  return `${failure ? "failed" : "passed"} ${seconds.toFixed(1).padStart(7)} s  ${stage}: ${tests}${
    failure ? `: ${failure}` : ""
  }`;
}

function choose(quick: boolean, only?: string[]): Stage[] {
  for (const name of only ?? []) {
    if (!stages.some((stage) => stage.name === name)) {
      throw new GatehouseError(
        "bad-argument",
        `no stage ${name}`,
        `choose from ${stages.map((stage) => stage.name).join(", ")}`,
      );
    }
  }
  if (only) return stages.filter((stage) => only.includes(stage.name));
  return stages.filter((stage) => !stage.onDemand && (!quick || stage.quick));
}

async function runStage(stage: Stage, signal: AbortSignal): Promise<Result> {
  const started = performance.now();
  const counts = noTests();
  const failure = await runCommands(stage, counts, signal);
  const hasTests = stage.commands.some((command) => command.counts);
  // What fails outside a test (a build, a hook, a file that doesn't load) is one failure.
  if (failure && counts.failed === 0) counts.failed = 1;
  else if (!failure && !hasTests) counts.passed = 1;
  return { stage: stage.name, seconds: (performance.now() - started) / 1000, counts, failure };
}

/** @returns why the stage failed; what its tests were goes to `counts` */
async function runCommands(stage: Stage, counts: Counts, signal: AbortSignal): Promise<string | undefined> {
  for (const command of stage.commands) {
    const { code, tests } = await runCommand(stage, command, signal);
    if (tests) addCounts(counts, tests);
    const text = command.argv.join(" ");
    if (code !== 0) return `${text} ended with ${code}`;
    if (tests?.failed) return `${text} ended with 0 though its report names failed tests`;
    if (tests?.passed === 0 && tests.skipped.length === 0) return `${text} ran no test`;
  }
  return undefined;
}

async function runCommand(
  stage: Stage,
  { argv: [program, ...args], counts }: Command,
  signal: AbortSignal,
): Promise<{ code: number; tests?: Counts }> {
  const report = `${REPO_ROOT}/${reportPath(stage.name)}`;
  try {
    // That of an earlier run must not count.
    if (counts === "vitest") await Deno.remove(report).catch(ignoreNotFound);
    const child = new Deno.Command(program === "deno" ? Deno.execPath() : program, {
      args,
      cwd: stage.cwd ? `${REPO_ROOT}/${stage.cwd}` : REPO_ROOT,
      env: { GATEHOUSE_ROOT: REPO_ROOT, CARGO_TERM_COLOR: "never", NO_COLOR: "1" },
      stdin: "null",
      stdout: counts === "cargo" ? "piped" : "inherit",
      signal,
    }).spawn();
    const printed = counts === "cargo" ? await copyOut(child.stdout) : "";
    const { code } = await child.status;
    if (counts === "cargo") return { code, tests: cargoCounts(printed) };
    if (counts === "vitest") {
      const written = await Deno.readTextFile(report).catch(ignoreNotFound);
      return { code, tests: written === undefined ? noTests() : vitestCounts(written) };
    }
    return { code };
  } catch (error) {
    note(error instanceof Error ? error.message : String(error));
    return { code: 127 };
  }
}

function ignoreNotFound(error: unknown): undefined {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

/** Copies to standard output as it comes, and returns the whole. */
async function copyOut(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    printBytes(chunk);
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}
