// Whether a VM answers, asked over the transport that it is meant for.
import type { RunningVm } from "../vm/machine.ts";
import { withClient } from "./client.ts";
import { readClientFiles } from "./vm_tls.ts";

/** One question; `up` asks again. Software emulation answers in some tens of milliseconds once it is up. */
const QUESTION_MS = 5_000;

/** True when the agent says SERVING over VSOCK (over TLS or TCP on a VM without). */
export async function vmIsHealthy(vm: RunningVm, signal?: AbortSignal): Promise<boolean> {
  const { vsock, tls, tcp } = vm.addresses;
  const address = vsock ?? tls ?? tcp;
  if (address === undefined) return false;
  const material = address === tls ? await readClientFiles(vm.clientFiles) : undefined;
  return await withClient(
    address,
    { timeoutMs: QUESTION_MS, signal, tls: material },
    async (client) => await client.health() === "SERVING",
  );
}
