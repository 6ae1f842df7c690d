// Runs every stage of checks, the fast ones first, and ends in one line that
// counts them. A stage that can't run here is skipped with its reason, never
// silently passed.
import { note, print } from "../src/cli/output.ts";
import { REPO_ROOT } from "../src/cli/root.ts";
import { GatehouseError } from "../src/vm/errors.ts";
import { type Stage, stages } from "./stages.ts";

export interface TestRunOptions {
  quick: boolean;
  /** Names of stages; all when absent. */
  only?: string[];
  signal: AbortSignal;
}

interface Result {
  stage: string;
  outcome: "passed" | "failed" | "skipped";
  seconds: number;
  reason?: string;
}

/** @returns the exit code: 0 when nothing failed */
export async function runTests({ quick, only, signal }: TestRunOptions): Promise<number> {
  const chosen = choose(quick, only);
  const results: Result[] = [];
  for (const stage of chosen) {
    if (signal.aborted) break;
    note(`\n=== ${stage.name}: ${stage.what}`);
    const result = await runStage(stage, signal);
    note(
      `=== ${stage.name}: ${result.outcome} in ${result.seconds.toFixed(1)} s${
        result.reason ? ` (${result.reason})` : ""
      }`,
    );
    results.push(result);
  }
  note("");
  for (const { stage, outcome, seconds, reason } of results) {
    print(`${outcome.padEnd(8)} ${seconds.toFixed(1).padStart(7)} s  ${stage}${reason ? `: ${reason}` : ""}`);
  }
  const count = (outcome: Result["outcome"]) => results.filter((result) => result.outcome === outcome).length;
  const stopped = signal.aborted;
  if (stopped) print("stopped before the end");
  print(`${count("passed")} passed, ${count("failed")} failed, ${count("skipped")} skipped`);
  return count("failed") > 0 || stopped ? 1 : 0;
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
  return stages.filter((stage) => only ? only.includes(stage.name) : !quick || stage.quick);
}

async function runStage(stage: Stage, signal: AbortSignal): Promise<Result> {
  const started = performance.now();
  const end = (outcome: Result["outcome"], reason?: string): Result => ({
    stage: stage.name,
    outcome,
    seconds: (performance.now() - started) / 1000,
    reason,
  });
  const reason = await stage.skip?.();
  if (reason) return end("skipped", reason);
  for (const [program, ...args] of stage.commands) {
    const code = await runCommand(program, args, stage.cwd, signal);
    if (code !== 0) return end("failed", `${[program, ...args].join(" ")} ended with ${code}`);
  }
  return end("passed");
}

async function runCommand(
  program: string,
  args: string[],
  cwd: string | undefined,
  signal: AbortSignal,
): Promise<number> {
  try {
    const child = new Deno.Command(program === "deno" ? Deno.execPath() : program, {
      args,
      cwd: cwd ? `${REPO_ROOT}/${cwd}` : REPO_ROOT,
      env: { GATEHOUSE_ROOT: REPO_ROOT, CARGO_TERM_COLOR: "never", NO_COLOR: "1" },
      stdin: "null",
      signal,
    }).spawn();
    return (await child.status).code;
  } catch (error) {
    note(error instanceof Error ? error.message : String(error));
    return 127;
  }
}
