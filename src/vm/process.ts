// Processes that outlive the command that started them. A process is known by its
// pid AND its start time, so that a pid which the kernel gave to somebody else
// is never signalled.

import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import type { Clock } from "./clock.ts";
import { GatehouseError } from "./errors.ts";

export interface ProcessId {
  readonly pid: number;
  /** Start time in clock ticks since the machine's boot (proc_pid_stat(5), field 22). */
  readonly startTicks: number;
  /** The machine's boot, since ticks begin anew with it. */
  readonly bootId: string;
}

/** How often a dying process is looked at, in milliseconds: short beside the deaths waited for. */
const POLL_MS = 50;

function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
}

/** State letter and start time of a pid, or undefined when there is none. */
function readStat(pid: number): { state: string; startTicks: number } | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return undefined;
  }
  // The command name stands in parentheses and may hold spaces and parentheses itself.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0], startTicks: Number(fields[19]) };
}

/** The identity of a live process, undefined when there is none with that pid. */
export function identify(pid: number): ProcessId | undefined {
  const stat = readStat(pid);
  if (stat === undefined || isDead(stat.state)) return undefined;
  return { pid, startTicks: stat.startTicks, bootId: bootId() };
}

/** Whether that very process still runs. A zombie doesn't. */
export function isAlive(id: ProcessId): boolean {
  const stat = readStat(id.pid);
  return stat !== undefined && !isDead(stat.state) && stat.startTicks === id.startTicks &&
    id.bootId === bootId();
}

function isDead(state: string): boolean {
  return state === "Z" || state === "X";
}

/** Signals that very process; false when it is gone. */
export function signalProcess(id: ProcessId, signal: Deno.Signal): boolean {
  if (!isAlive(id)) return false;
  try {
    Deno.kill(id.pid, signal);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Waits until the process is gone; false when it still runs after `timeoutMs`. */
export async function waitForExit(id: ProcessId, timeoutMs: number, clock: Clock): Promise<boolean> {
  const deadlineMs = clock.nowMs() + timeoutMs;
  while (isAlive(id)) {
    if (clock.nowMs() >= deadlineMs) return false;
    await clock.sleep(POLL_MS);
  }
  return true;
}

/** SIGTERM, `graceMs` to obey, then SIGKILL. Returns when the process is gone. */
export async function endProcess(id: ProcessId, graceMs: number, clock: Clock): Promise<void> {
  if (!signalProcess(id, "SIGTERM")) return;
  if (await waitForExit(id, graceMs, clock)) return;
  signalProcess(id, "SIGKILL");
  // A process in an uninterruptible wait can outlast SIGKILL; five seconds are plenty for any other.
  await waitForExit(id, 5_000, clock);
}

/**
 * Starts a program in a session of its own, so that neither the end of this command nor a
 * Ctrl-C at its terminal reaches it. What it prints is appended to `logPath`.
 * Throws `missing-tool` when it can't be started.
 */
export async function spawnDetached(argv: readonly string[], logPath: string): Promise<ProcessId> {
  const log = openSync(logPath, "a", 0o600);
  try {
    const child = spawn(argv[0], argv.slice(1), { detached: true, stdio: ["ignore", log, log], cwd: "/" });
    const failure = new Promise<Error>((resolve) => child.once("error", resolve));
    const pid = child.pid;
    const id = pid === undefined ? undefined : identify(pid);
    if (pid !== undefined) child.unref();
    if (id !== undefined) return id;
    if (pid !== undefined) {
      // Dead before it could be looked at: an identity that is never alive says so.
      return { pid, startTicks: -1, bootId: bootId() };
    }
    throw new GatehouseError(
      "missing-tool",
      `${argv[0]} can't be started: ${(await failure).message}`,
      "run ./gatehouse doctor to see what is missing",
    );
  } finally {
    closeSync(log);
  }
}

/** This user's processes of `program` that were given `argument` (or an option holding it): leftovers nobody recorded. */
export function findByArgument(program: string, argument: string): ProcessId[] {
  const found: ProcessId[] = [];
  for (const entry of Deno.readDirSync("/proc")) {
    const pid = Number(entry.name);
    if (!Number.isInteger(pid) || pid === Deno.pid) continue;
    try {
      if (Deno.statSync(`/proc/${pid}`).uid !== Deno.uid()) continue;
      const args = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      if (basename(args[0]) !== program || !args.some((arg) => arg.includes(argument))) continue;
    } catch {
      continue; // it ended meanwhile
    }
    const id = identify(pid);
    if (id !== undefined) found.push(id);
  }
  return found;
}
