// One attempt at starting a VM's processes: the VSOCK daemon where the host needs
// one, then QEMU, then a QMP connection. It waits for no guest; watch.ts does.

import { dialer } from "../transport/mod.ts";
import type { Clock } from "./clock.ts";
import { GatehouseError } from "./errors.ts";
import type { VmPaths } from "./paths.ts";
import { isAlive, type ProcessId, spawnDetached } from "./process.ts";
import { qemuArgv, type VmSpec } from "./qemu.ts";
import { QmpClient } from "./qmp.ts";
import { logTail } from "./serial.ts";
import { exists } from "../files/write_once.ts";

/** The daemon binds its socket in milliseconds; a loaded machine gets this long. */
const DAEMON_READY_MS = 10_000;
/** QEMU opens QMP before the guest's first instruction, after it has set up its memory. */
const QMP_READY_MS = 15_000;
/** One command to a QEMU that is well. */
export const QMP_COMMAND_MS = 5_000;
const POLL_MS = 50;

export interface LaunchPlan {
  readonly spec: VmSpec;
  readonly paths: VmPaths;
  /** The VSOCK daemon's command, where there is to be one. */
  readonly vhostVsockArgv?: readonly string[];
  /** Told of each process at once, so that it is on record should this command die. */
  onStarted(what: "qemu" | "vhostVsock", id: ProcessId): void;
}

export interface Launched {
  readonly qemu: ProcessId;
  readonly vhostVsock?: ProcessId;
  /** Absent when QEMU ended before it answered; its log says why. */
  readonly qmp?: QmpClient;
}

/** Starts the processes. Expects the leftovers of earlier ones to be gone. */
export async function launch(plan: LaunchPlan, clock: Clock): Promise<Launched> {
  const { paths } = plan;
  if (await exists(paths.serialLog)) await Deno.rename(paths.serialLog, paths.previousSerialLog);
  await Deno.writeTextFile(paths.serialLog, "", { mode: 0o600 });
  for (const old of [paths.qemuLog, paths.vhostLog]) await Deno.remove(old).catch(() => {});

  let vhostVsock: ProcessId | undefined;
  if (plan.vhostVsockArgv !== undefined) {
    vhostVsock = await spawnDetached(plan.vhostVsockArgv, paths.vhostLog);
    plan.onStarted("vhostVsock", vhostVsock);
    await daemonReady(vhostVsock, paths, clock);
  }
  const qemu = await spawnDetached(qemuArgv(plan.spec), paths.qemuLog);
  plan.onStarted("qemu", qemu);
  return {
    qemu,
    vhostVsock,
    qmp: await connectQmp(paths.qmpSocket, clock, QMP_READY_MS, () => isAlive(qemu)),
  };
}

async function daemonReady(daemon: ProcessId, paths: VmPaths, clock: Clock): Promise<void> {
  const deadlineMs = clock.nowMs() + DAEMON_READY_MS;
  while (!(await exists(paths.vhostSocket))) {
    if (!isAlive(daemon) || clock.nowMs() > deadlineMs) {
      throw new GatehouseError(
        "boot-failed",
        `the VSOCK daemon didn't start: ${await logTail(paths.vhostLog, 3) || "it said nothing"}`,
        "run ./gatehouse doctor; if all is well there, look at " + paths.vhostLog,
      );
    }
    await clock.sleep(POLL_MS);
  }
}

/** A greeted QMP connection, tried until `timeoutMs` while `worthIt`; undefined when there is none. */
export async function connectQmp(
  socket: string,
  clock: Clock,
  timeoutMs: number,
  worthIt: () => boolean,
): Promise<QmpClient | undefined> {
  const deadlineMs = clock.nowMs() + timeoutMs;
  const dial = dialer({ transport: "unix", path: socket });
  for (;;) {
    const leftMs = deadlineMs - clock.nowMs();
    if (leftMs <= 0 || !worthIt()) return undefined;
    try {
      return await QmpClient.start(await dial(), clock, Math.min(leftMs, QMP_COMMAND_MS));
    } catch {
      // Not bound yet, or another client is served first.
      await clock.sleep(POLL_MS);
    }
  }
}
