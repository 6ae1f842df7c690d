// Installs what `doctor` found missing, where it may: Debian packages as root or
// through sudo after asking, then the tools that Cargo and rustup bring. What it may
// not do it leaves alone; the caller examines again and names the rest.

import { GatehouseError, throwIfCancelled } from "./errors.ts";
import { aptCommand, type Finding, packagesOf, shellWords } from "./findings.ts";
import { findProgram } from "./programs.ts";
import type { OnProgress } from "./progress.ts";
import { readLines } from "./read_lines.ts";

export interface InstallOptions {
  readonly repoRoot: string;
  /** Ask nothing. */
  readonly yes: boolean;
  /** Asked before anything outside the checkout is changed, unless this is root. */
  ask(question: string): Promise<boolean>;
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal;
}

/** Lines of a failed command that its error repeats. */
const SHOWN_LINES = 8;

/** Installs what it may of the missing. Throws GatehouseError `missing-tool` when a command fails, `cancelled` on Ctrl-C. */
export async function install(findings: readonly Finding[], options: InstallOptions): Promise<void> {
  const missing = findings.filter(({ state }) => state === "missing");
  if (!(await installPackages(packagesOf(missing), options))) return;
  for (const { name, fix } of missing) {
    for (const argv of fix?.run ?? []) {
      // Rust comes first in the findings' order, so Cargo is there when a tool needs it.
      if (await findProgram(argv[0]) === undefined && !argv[0].startsWith("/")) break;
      const inCheckout = argv.some((word) => word.startsWith(options.repoRoot));
      if (!inCheckout && !options.yes && !(await options.ask(`Run ${shellWords(argv)}?`))) break;
      await run(argv, {
        ...options,
        onLine: (line) => options.onProgress({ step: `install ${name}`, detail: line.trim() }),
      });
    }
  }
}

/** True when the packages are there afterwards, or none were asked for. */
async function installPackages(packages: readonly string[], options: InstallOptions): Promise<boolean> {
  if (packages.length === 0) return true;
  if (await findProgram("apt-get") === undefined) return false; // not a Debian: the caller names the programs
  const root = Deno.uid() === 0;
  if (!root) {
    if (await findProgram("sudo") === undefined) return false;
    if (!options.yes && !(await options.ask(`Run ${aptCommand(packages, 1)}?`))) return false;
  }
  // -n: without a terminal nobody can type a password.
  const sudo = root ? [] : ["sudo", ...(Deno.stdin.isTerminal() ? [] : ["-n"])];
  const aptGet = [...sudo, "env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C", "apt-get"];
  const step = "install packages";
  const report = (line: string) => {
    const status = aptStatus(line);
    if (status !== undefined) options.onProgress({ step, ...status });
  };
  options.onProgress({ step, detail: "reading the package lists" });
  await run([...aptGet, "update", "-q"], { ...options, onLine: () => {} });
  options.onProgress({ step, detail: packages.join(" ") });
  await run([
    ...aptGet,
    "install",
    "-y",
    "-q",
    "--no-install-recommends",
    "-o",
    "APT::Status-Fd=1",
    ...packages,
  ], {
    ...options,
    onLine: report,
  });
  return true;
}

/**
 * A line of apt's status stream (APT::Status-Fd): "dlstatus:N:PERCENT:TEXT" while it downloads,
 * "pmstatus:PACKAGE:PERCENT:TEXT" while it installs. Undefined for any other line.
 */
export function aptStatus(line: string): { detail: string; fraction: number } | undefined {
  const match = /^(dl|pm)status:[^:]*(?::[^:\d][^:]*)?:([\d.]+):(.*)$/.exec(line);
  if (match === null) return undefined;
  // Half of the bar for either phase.
  const half = Math.min(100, Number(match[2])) / 200;
  return { detail: match[3].trim(), fraction: match[1] === "dl" ? half : 0.5 + half };
}

interface RunOptions {
  readonly repoRoot: string;
  readonly signal?: AbortSignal;
  onLine(line: string): void;
}

async function run(argv: readonly string[], { repoRoot, signal, onLine }: RunOptions): Promise<void> {
  throwIfCancelled(signal);
  const kept: string[] = [];
  const take = (line: string) => {
    if (line.trim() === "") return;
    if (aptStatus(line) === undefined) kept.push(line);
    if (kept.length > SHOWN_LINES) kept.shift();
    onLine(line);
  };
  const child = start(argv, repoRoot, signal);
  const [status] = await Promise.all([
    child.status,
    readLines(child.stdout, take),
    readLines(child.stderr, take),
  ]);
  throwIfCancelled(signal);
  if (status.success) return;
  throw new GatehouseError(
    "missing-tool",
    `${shellWords(argv)} failed:\n${kept.join("\n")}`,
    "mend what it says, then run this again; ./gatehouse doctor lists what is missing",
  );
}

function start(argv: readonly string[], cwd: string, signal: AbortSignal | undefined) {
  try {
    return new Deno.Command(argv[0], {
      args: argv.slice(1),
      cwd,
      env: { CARGO_TERM_COLOR: "never" },
      // sudo asks for its password on the terminal itself.
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      signal,
    }).spawn();
  } catch (error) {
    throw new GatehouseError("missing-tool", `${argv[0]} can't be started`, "run ./gatehouse doctor", {
      cause: error,
    });
  }
}
