// What can be done to, and asked of, a VM that an `up` has made: stop, destroy,
// status, list, logs. Questions take no lock, so they answer while an `up` works.

import { type Clock, systemClock } from "./clock.ts";
import { GatehouseError } from "./errors.ts";
import { ownVmPaths, stateHome, type VmPaths } from "./paths.ts";
import { nextPhase, type Phase } from "./phases.ts";
import { isAlive } from "./process.ts";
import { noProgress, type OnProgress } from "./progress.ts";
import { type RunningVm, runningVm } from "./running.ts";
import { consoleLines, ConsoleWatch, logTail } from "./serial.ts";
import { type Ending, POWER_DOWN_MS, teardown } from "./teardown.ts";
import { readRecord, recordedVms, type VmRecord, withLock, writeRecord } from "./vm_state.ts";
import { exists } from "../files/write_once.ts";

export interface StopOptions {
  readonly onProgress?: OnProgress;
  readonly clock?: Clock;
  /** How long the guest may take to power down; default 20 s with KVM, 45 s without. */
  readonly graceMs?: number;
}

/** Stops a VM; keys, disk and log stay. Stopping a stopped one removes leftovers and is no error. */
export async function stop(name: string, options: StopOptions = {}): Promise<Ending> {
  const paths = await existingPaths(name);
  return await withLock(paths.lock, `VM ${name}`, () => stopLocked(paths, options));
}

/** Stops a VM and removes all that it ever was, its keys too. There is no way back. */
export async function destroy(name: string, options: StopOptions = {}): Promise<void> {
  const paths = await existingPaths(name);
  await withLock(paths.lock, `VM ${name}`, async () => {
    await stopLocked(paths, { ...options, graceMs: 0 });
    await Deno.remove(paths.dir, { recursive: true });
  });
}

async function stopLocked(paths: VmPaths, options: StopOptions): Promise<Ending> {
  // With a damaged record the processes are found by their sockets.
  const record = await readRecord(paths).catch((error) => {
    if (error instanceof GatehouseError) return undefined;
    throw error;
  });
  const ending = await teardown(paths, record ?? {}, {
    graceMs: options.graceMs ?? POWER_DOWN_MS[record?.accel ?? "tcg"],
    clock: options.clock ?? systemClock,
    onProgress: options.onProgress ?? noProgress,
  });
  if (record !== undefined) {
    writeRecord(paths, {
      ...record,
      phase: nextPhase(record.phase, "down"),
      qemu: undefined,
      vhostVsock: undefined,
      startedAt: undefined,
      problem: undefined,
    });
  }
  return ending;
}

export interface VmStatus extends RunningVm {
  /** Why it isn't ready, when it isn't and that is known. */
  readonly problem?: string;
  readonly pid?: number;
  /** Since QEMU's start. */
  readonly uptimeMs?: number;
}

export interface StatusOptions {
  /** Asked of a VM that runs; without it, one that was ready is taken for ready. */
  isHealthy?(vm: RunningVm): Promise<boolean>;
}

/** How the VM is now. Throws `unknown-vm` when there never was one. */
export async function status(name: string, options: StatusOptions = {}): Promise<VmStatus> {
  const paths = await existingPaths(name);
  const record = await readRecord(paths);
  if (record === undefined) throw unknownVm(name);
  const { phase, problem } = await observe(paths, record, options);
  const vm = { ...runningVm(paths, record), phase, problem };
  if (phase === "stopped" || record.qemu === undefined || !isAlive(record.qemu)) return vm;
  const uptimeMs = record.startedAt === undefined
    ? undefined
    : Math.max(0, Date.now() - Date.parse(record.startedAt));
  return { ...vm, pid: record.qemu.pid, uptimeMs };
}

async function observe(
  paths: VmPaths,
  record: VmRecord,
  { isHealthy }: StatusOptions,
): Promise<{ phase: Phase; problem?: string }> {
  if (record.phase === "stopped") return { phase: "stopped", problem: record.problem };
  if (record.qemu === undefined || !isAlive(record.qemu)) {
    // Between two attempts no QEMU runs; the command that holds the lock will go on.
    if (record.phase === "booting" && await isBusy(paths)) return { phase: "booting" };
    return { phase: nextPhase("ready", "lost"), problem: await deathOf(paths) };
  }
  if (record.phase === "booting" && await isBusy(paths)) return { phase: "booting" };
  if (record.vsock === "vhost-user" && (record.vhostVsock === undefined || !isAlive(record.vhostVsock))) {
    return {
      phase: "degraded",
      problem: "the VSOCK daemon has ended: no VSOCK until ./gatehouse down and up",
    };
  }
  if (isHealthy !== undefined && !(await isHealthy(runningVm(paths, record)).catch(() => false))) {
    return { phase: "degraded", problem: "it runs but gives no healthy answer" };
  }
  if (record.phase === "booting" && isHealthy === undefined) {
    return {
      phase: "degraded",
      problem: "the command that booted it was killed; ./gatehouse up takes it over",
    };
  }
  return { phase: "ready" };
}

/** Why QEMU isn't there any more, from the logs. */
async function deathOf(paths: VmPaths): Promise<string> {
  const watch = new ConsoleWatch(0);
  watch.push(await logTail(paths.serialLog, 200) + "\n", 0);
  if (watch.panic !== undefined) return `the guest's kernel panicked: ${watch.panic}`;
  const words = await logTail(paths.qemuLog, 1);
  return words === "" ? "it ended by itself, or was killed" : `QEMU ended: ${words}`;
}

async function isBusy(paths: VmPaths): Promise<boolean> {
  try {
    await withLock(paths.lock, paths.name, () => Promise.resolve());
    return false;
  } catch (error) {
    if (error instanceof GatehouseError && error.code === "busy") return true;
    throw error;
  }
}

/** Every VM of this user, by name; one whose record is damaged is named with the reason. */
export async function list(
  options: StatusOptions = {},
): Promise<
  ({ readonly name: string; readonly status: VmStatus } | { readonly name: string; readonly error: string })[]
> {
  const all = await recordedVms(stateHome(Deno.env), ownVmPaths);
  const rows = await Promise.all(all.map(async ({ name }) => {
    try {
      return { name, status: await status(name, options) };
    } catch (error) {
      // A directory without a record is an `up` that never came to boot.
      if (error instanceof GatehouseError) {
        return error.code === "unknown-vm" ? undefined : { name, error: error.message };
      }
      throw error;
    }
  }));
  return rows.filter((row) => row !== undefined);
}

/** The lines of the VM's console, cleaned of control characters; with `follow` until the signal. */
export async function* logs(
  name: string,
  options: { readonly follow: boolean; readonly signal?: AbortSignal; readonly clock?: Clock },
): AsyncGenerator<string> {
  const paths = await existingPaths(name);
  yield* consoleLines(paths.serialLog, { ...options, clock: options.clock ?? systemClock });
}

/** A VM that runs, well or not; undefined when none of that name does. */
export async function runningVmOf(name: string): Promise<RunningVm | undefined> {
  const paths = ownVmPaths(name);
  const record = await readRecord(paths);
  if (record?.qemu === undefined || !isAlive(record.qemu)) return undefined;
  return runningVm(paths, record);
}

async function existingPaths(name: string): Promise<VmPaths> {
  const paths = ownVmPaths(name);
  if (!(await exists(paths.dir))) throw unknownVm(name);
  return paths;
}

function unknownVm(name: string): GatehouseError {
  return new GatehouseError(
    "unknown-vm",
    `there is no VM ${name}`,
    "./gatehouse up makes one; ./gatehouse status --all names those there are",
  );
}
