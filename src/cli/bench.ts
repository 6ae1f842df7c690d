// gatehouse bench: calls a second and latency percentiles of a server, and two reports compared.
import type { Command } from "commander";
import { type Live, runBench } from "../bench/bench.ts";
import { ChildWorker } from "../bench/child_worker.ts";
import { compareReports, comparisonRows } from "../bench/compare.ts";
import { type BenchReport, parseReport, ReportError } from "../bench/document.ts";
import type { BenchOptions } from "../bench/options.ts";
import { liveLine, reportNotes, reportRows, reportTitle } from "../bench/text.ts";
import { LocalWorker, type Worker } from "../bench/worker.ts";
import { GatehouseError } from "../vm/errors.ts";
import { type BenchFlags, benchOptions, DEFAULTS } from "./bench_options.ts";
import { action, EXIT_INTERRUPTED } from "./command.ts";
import { readInput, writeText } from "./files.ts";
import { note, print, printJson, progressReporter, table } from "./output.ts";
import { REPO_ROOT } from "./root.ts";
import { resolveServer, type ServerOptions, serverOptions } from "./server_option.ts";

/** Shorter than other commands': after an overload the last calls are waited for so long. */
const TIMEOUT_MS = 10_000;
/** A report is some KB; a long list of services and errors stays far below. */
const MAX_REPORT_BYTES = 16 * 1024 * 1024;

interface Options extends ServerOptions, BenchFlags {
  compare?: string[];
  failIfSlower?: string;
}

export function register(program: Command): void {
  serverOptions(program.command("bench"), TIMEOUT_MS)
    .summary("measure a server: calls a second, latency percentiles, errors")
    .option("--service <name>", `echo, rsa_sign, ecc_sign or all (default: ${DEFAULTS.service})`)
    .option("--connections <n>", `connections, over all processes (default: ${DEFAULTS.connections})`)
    .option("--streams <n>", `calls in flight on each connection, at most (default: ${DEFAULTS.streams})`)
    .option(
      "--rate <calls/s>",
      "open loop: calls start at this rate over all connections, and latency counts from the moment a call " +
        "should have started (default: a call follows when one ends)",
    )
    .option("--requests <n>", "end after so many calls of a service")
    .option(
      "--duration <time>",
      `end after 30s, 500ms, 2m ... (default: ${DEFAULTS.duration}, none with --requests)`,
    )
    .option("--warmup <time>", `the same load before, not counted (default: ${DEFAULTS.warmup})`)
    .option("--payload <bytes>", `Echo's text, or the data to sign (default: ${DEFAULTS.payload})`)
    .option("--processes <n>", `client processes (default: ${DEFAULTS.processes})`)
    .option("--threads <n>", "another name of --processes")
    .option("--output <file>", "write the report there, as JSON")
    .option("--compare <reports...>", "compare two reports instead: A.json B.json")
    .option(
      "--fail-if-slower <percent>",
      "with --compare: exit code 1 when B's rate is lower by more, or for an open loop its p50 or p99 higher",
    )
    .addHelpText(
      "after",
      `
Environment, for what isn't given as an option: CONNECTIONS, THREADS, REQUESTS, RATE_LIMIT,
SERVICE, DURATION, SERVER_ADDR, BENCHMARK_OUTPUT.

Exit code: 0 when calls of each service ended OK, though others failed (they are shown);
1 when the server can't be reached or a service had not one good call; 130 after Ctrl-C,
which still prints what was measured.

Examples:
  gatehouse bench                                             the running VM, Echo, 10 s
  gatehouse bench --server tcp://127.0.0.1:50051 --connections 8 --streams 32
  gatehouse bench --service all --duration 30s --output before.json
  gatehouse bench --server tls://gatehouse.example:50051 --ca ca.pem --cert ci.pem --key ci.key
  gatehouse bench --rate 5000 --server unix:///run/gatehouse.sock
  gatehouse bench --processes 2 --connections 64 --server vsock://3:50051
  gatehouse bench --compare before.json after.json --fail-if-slower 5`,
    )
    .action(
      action(({ json, signal }, options: Options) =>
        options.compare === undefined ? bench(options, json, signal) : compare(options.compare, options, json)
      ),
    );
}

async function bench(flags: Options, json: boolean, signal: AbortSignal): Promise<number> {
  if (flags.failIfSlower !== undefined) {
    throw new GatehouseError(
      "bad-argument",
      "--fail-if-slower without --compare",
      "write two reports with --output, then: gatehouse bench --compare A.json B.json --fail-if-slower 5",
    );
  }
  const env = (name: string) => Deno.env.get(name);
  const { options: told, output, fromEnvironment } = benchOptions(flags, env);
  const seedServer = flags.server === undefined ? env("SERVER_ADDR") || undefined : undefined;
  if (seedServer !== undefined) fromEnvironment.push(`SERVER_ADDR=${seedServer}`);
  const { addresses, timeoutMs, tls } = await resolveServer({ ...flags, server: flags.server ?? seedServer });
  if (fromEnvironment.length > 0) note(`From the environment: ${fromEnvironment.join(" ")}`);

  const options: BenchOptions = { ...told, server: addresses, tls, timeoutMs };
  const progress = progressReporter();
  const onLive = (live: Live) =>
    progress.report({ step: `bench ${live.service}`, detail: liveLine(live), fraction: live.fraction });
  const workers = startWorkers(options);
  let report: BenchReport;
  try {
    report = await runBench(options, workers, onLive, signal);
  } finally {
    progress.done();
    await Promise.all(workers.map((worker) => worker.close()));
  }
  if (output !== undefined) await writeText(output, JSON.stringify(report, null, 2));
  if (json) printJson(report);
  else printReport(report);
  if (report.interrupted) return EXIT_INTERRUPTED;
  return report.services.every(({ ok }) => ok > 0) ? 0 : 1;
}

/** One process measures by itself; more are children, and this one only adds up. */
function startWorkers(options: BenchOptions): Worker[] {
  if (options.processes === 1) return [new LocalWorker(options)];
  const command = [
    ...[Deno.execPath(), "run", "--quiet", "--allow-all", "--config", `${REPO_ROOT}/deno.json`, "--frozen"],
    `${REPO_ROOT}/src/bench/child.ts`,
  ];
  return Array.from({ length: options.processes }, (_, index) => new ChildWorker(command, options, index));
}

function printReport(report: BenchReport): void {
  print(reportTitle(report));
  print("");
  if (report.services.length > 0) print(table(reportRows(report)));
  const notes = reportNotes(report);
  if (notes.length > 0) print(`\n${notes.join("\n")}`);
}

async function compare(paths: string[], flags: Options, json: boolean): Promise<number> {
  if (paths.length !== 2) {
    throw new GatehouseError(
      "bad-argument",
      `--compare takes two reports, not ${paths.length}`,
      "write them with --output, then: gatehouse bench --compare A.json B.json",
    );
  }
  const percent = flags.failIfSlower === undefined ? undefined : parsePercent(flags.failIfSlower);
  const [a, b] = await Promise.all(paths.map(readReport));
  const comparison = compareReports(a, b, percent);
  if (json) printJson(comparison);
  else {
    print(table(comparisonRows(comparison)));
    for (const name of comparison.unmatched) print(`\n${name} is in one of the two only`);
    if (comparison.differences.length > 0) print("\nNot measured alike (A | B):");
    for (const line of comparison.differences) print(`  ${line}`);
  }
  for (const line of comparison.slower) note(`slower: ${line}`);
  return comparison.slower.length > 0 ? 1 : 0;
}

async function readReport(path: string): Promise<BenchReport> {
  const text = new TextDecoder().decode(
    await readInput(path, MAX_REPORT_BYTES, "give a report of this command"),
  );
  try {
    return parseReport(text);
  } catch (error) {
    if (!(error instanceof ReportError)) throw error;
    throw new GatehouseError(
      "bad-argument",
      `${path}: ${error.message}`,
      "give a file that `gatehouse bench --output` has written",
    );
  }
}

function parsePercent(text: string): number {
  const percent = /^[0-9]+(\.[0-9]+)?%?$/.test(text) ? parseFloat(text) : NaN;
  if (Number.isFinite(percent)) return percent;
  throw new GatehouseError(
    "bad-argument",
    `--fail-if-slower ${text}: no percentage`,
    "give it a number, such as 5",
  );
}
