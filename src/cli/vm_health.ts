// Whether a VM answers, asked over the transport that it is meant for.
import type { RunningVm } from "../vm/machine.ts";
import { withClient } from "./client.ts";

/** One question; `up` asks again. Software emulation answers in some tens of milliseconds once it is up. */
const QUESTION_MS = 5_000;

/** True when the agent says SERVING over VSOCK (over TCP on a VM without). */
export async function vmIsHealthy(vm: RunningVm, signal?: AbortSignal): Promise<boolean> {
  const address = vm.addresses.vsock ?? vm.addresses.tcp;
  if (address === undefined) return false;
  return await withClient(
    address,
    { timeoutMs: QUESTION_MS, signal },
    async (client) => await client.health() === "SERVING",
  );
}
