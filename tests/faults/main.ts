// The fault runs: `deno task faults`. Prints how far each is, then one line for each; ends with 0 when nothing was
// lost, 1 otherwise, 2 for a wrong command line. Must never pass a run that was stopped.
import { parseArgs } from "node:util";
import { note, print, printBytes, table } from "../../src/cli/output.ts";
import { REPO_ROOT } from "../../src/cli/root.ts";
import { type FaultRun, RUNS } from "./runs.ts";

const USAGE = `usage: deno task faults [--list] [--only NAME]...
  --list         what there is, how long it takes, and where its short form runs
  --only NAME    this run; more than once for several (default: all, some 40 minutes on two quiet cores)

Examples:
  deno task faults --list
  deno task faults --only kill-signer
  deno task faults --only power-cut --only missing-sync
  ./gatehouse test --only faults,rust,vm       the short forms`;

interface Result {
  readonly run: FaultRun;
  readonly seconds: number;
  readonly code: number;
  /** What the program said of itself. */
  readonly said: string;
}

/** Lines that a test program of Cargo prints around what a test says. */
const AROUND = /^(running \d+ tests?|test result: .*|\.*|test \S+ \.\.\. ok)$/;

async function execute([program, ...args]: readonly string[]): Promise<{ code: number; lines: string[] }> {
  const child = new Deno.Command(program === "deno" ? Deno.execPath() : program, {
    args,
    cwd: program === "cargo" ? `${REPO_ROOT}/dataplane` : REPO_ROOT,
    env: { CARGO_TERM_COLOR: "never", NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of child.stdout) {
    printBytes(chunk);
    text += decoder.decode(chunk, { stream: true });
  }
  const lines = text.split("\n").map((line) => line.replace(/^(\.+|test \S+ \.\.\. )/, "").trim())
    .filter((line) => !AROUND.test(line));
  return { code: (await child.status).code, lines };
}

async function take(run: FaultRun): Promise<Result> {
  note(`\n=== ${run.name}: ${run.what}`);
  const started = performance.now();
  const said: string[] = [];
  let code = 0;
  for (const command of run.commands) {
    const ended = await execute(command);
    said.push(...ended.lines);
    code = ended.code;
    if (code !== 0) break;
  }
  return { run, seconds: (performance.now() - started) / 1000, code, said: said.slice(-10).join("; ") };
}

async function main(): Promise<number> {
  let values: { list?: boolean; help?: boolean; only?: string[] };
  try {
    ({ values } = parseArgs({
      args: Deno.args.filter((arg) => arg !== "--"),
      options: {
        list: { type: "boolean" },
        help: { type: "boolean", short: "h" },
        only: { type: "string", multiple: true },
      },
    }));
  } catch (error) {
    note(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return 2;
  }
  if (values.help) {
    print(USAGE);
    return 0;
  }
  if (values.list) {
    const rows = RUNS.map(({ name, what, minutes, short }) => [name, `${minutes} min`, short, what]);
    print(table([["name", "takes", "short form", "what"], ...rows]));
    return 0;
  }
  const unknown = values.only?.find((name) => !RUNS.some((run) => run.name === name));
  if (unknown !== undefined) {
    note(`no run ${unknown}; choose from ${RUNS.map(({ name }) => name).join(", ")}\n\n${USAGE}`);
    return 2;
  }
  const results: Result[] = [];
  for (const run of RUNS) {
    if (values.only === undefined || values.only.includes(run.name)) results.push(await take(run));
  }
  note("");
  for (const { run, seconds, code, said } of results) {
    const how = code === 0 ? "passed" : "failed";
    print(`${how} ${seconds.toFixed(0).padStart(5)} s  ${run.name}: ${said || `ended with ${code}`}`);
  }
  return results.every(({ code }) => code === 0) ? 0 : 1;
}

Deno.exit(await main());
