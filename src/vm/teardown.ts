// Ends a VM's processes and removes their sockets: gently, then firmly. Also finds
// those that no record names any more. It must never touch keys, disk or logs.

import { dirname } from "node:path";
import type { Clock } from "./clock.ts";
import { connectQmp, QMP_COMMAND_MS } from "./launch.ts";
import type { VmPaths } from "./paths.ts";
import { endProcess, findByArgument, isAlive, type ProcessId, waitForExit } from "./process.ts";
import type { OnProgress } from "./progress.ts";
import { stopPrometheus } from "./prometheus.ts";
import { QEMU } from "./qemu.ts";
import { VHOST_DEVICE_VSOCK } from "./vsock_host.ts";

/** What systemd may take to stop its units; under emulation everything is ten times slower. */
export const POWER_DOWN_MS = { kvm: 20_000, tcg: 45_000 };
/** From QMP's quit, or SIGTERM, to SIGKILL: QEMU only has to flush its files. */
const QUIT_MS = 5_000;

export interface VmProcesses {
  readonly qemu?: ProcessId;
  readonly vhostVsock?: ProcessId;
}

export interface TeardownOptions {
  /** How long the guest may take to power down by itself; 0 doesn't ask it. */
  readonly graceMs: number;
  readonly clock: Clock;
  readonly onProgress: OnProgress;
}

/** How the guest came to its end. */
export type Ending = "not-running" | "powered-down" | "quit" | "killed";

/** Ends everything that runs for this VM and removes its sockets. */
export async function teardown(
  paths: VmPaths,
  recorded: VmProcesses,
  options: TeardownOptions,
): Promise<Ending> {
  // With those that the record doesn't know: a command that was killed right after it started them.
  const all = (id: ProcessId | undefined, program: string, argument: string) => {
    const strays = findByArgument(program, argument).filter(({ pid }) => pid !== id?.pid);
    return [...(id === undefined ? [] : [id]), ...strays].filter(isAlive);
  };

  await stopPrometheus(paths.monitoring);
  let ending: Ending = "not-running";
  for (const qemu of all(recorded.qemu, QEMU, paths.qmpSocket)) ending = await endQemu(qemu, paths, options);
  for (const daemon of all(recorded.vhostVsock, VHOST_DEVICE_VSOCK, paths.vhostSocket)) {
    await endProcess(daemon, QUIT_MS, options.clock);
  }
  await Deno.remove(paths.runDir, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  // The short directory's parent is for all VMs: it goes with the last, and stays when it isn't empty.
  if (!paths.runDir.startsWith(paths.dir)) await Deno.remove(dirname(paths.runDir)).catch(() => {});
  return ending;
}

async function endQemu(qemu: ProcessId, paths: VmPaths, options: TeardownOptions): Promise<Ending> {
  const { clock, graceMs, onProgress } = options;
  const qmp = await connectQmp(paths.qmpSocket, clock, QUIT_MS, () => isAlive(qemu));
  try {
    if (qmp !== undefined && graceMs > 0) {
      onProgress({ step: "stop", detail: "asking the VM to power down" });
      const asked = await qmp.powerDown(QMP_COMMAND_MS).then(() => true, () => false);
      if (asked && await waitForExit(qemu, graceMs, clock)) return "powered-down";
    }
    if (qmp !== undefined) {
      onProgress({ step: "stop", detail: "ending the VM" });
      await qmp.quit(QMP_COMMAND_MS);
      if (await waitForExit(qemu, QUIT_MS, clock)) return "quit";
    }
  } finally {
    qmp?.close();
  }
  await endProcess(qemu, QUIT_MS, clock);
  return "killed";
}
