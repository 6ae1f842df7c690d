// What callers learn of a VM: its addresses, files and phase. Derived from the
// record each time, never kept.

import { formatAddress } from "../transport/mod.ts";
import { type ClientFiles, clientFiles } from "./owner.ts";
import type { VmPaths } from "./paths.ts";
import type { Phase } from "./phases.ts";
import type { VmRecord } from "./vm_state.ts";

/** The port that the agent listens on in the VM, over VSOCK and TCP alike. */
export const GUEST_PORT = 50051;
/** The same of its HTTP gateway, which has a port for each. */
export const GATEWAY_VSOCK_PORT = 50080;
export const GATEWAY_TCP_PORT = 50443;

/** Where a VM's HTTP gateway answers, each in the forms of `RunningVm.addresses`. */
export interface GatewayAddresses {
  readonly vsock?: string;
  readonly tls?: string;
  readonly tcp?: string;
}

export interface RunningVm {
  readonly name: string;
  readonly phase: Phase;
  readonly accel: "kvm" | "tcg";
  readonly cid: number;
  readonly addresses: {
    /** vsock://CID:PORT, or vsock+unix://SOCKET:PORT; absent on a VM without VSOCK. */
    readonly vsock?: string;
    /** tls://127.0.0.1:PORT on the host; absent on a VM without. */
    readonly tls?: string;
    /** tcp://127.0.0.1:PORT on the host; absent on a VM without plain TCP. */
    readonly tcp?: string;
    /** Absent when the VM was booted without a gateway. */
    readonly gateway?: GatewayAddresses;
  };
  /** What a caller over TLS takes. */
  readonly clientFiles: ClientFiles;
  readonly imageDir?: string;
  readonly stateDir: string;
  readonly serialLog: string;
  /** How many attempts the boot took: 1, or more after a panic, a hang or a death. */
  readonly attempts: number;
}

export function runningVm(paths: VmPaths, record: VmRecord): RunningVm {
  return {
    name: record.name,
    phase: record.phase,
    accel: record.accel,
    cid: record.cid,
    addresses: {
      vsock: vsockAddress(paths, record, GUEST_PORT),
      ...doorAddress(record),
      ...gatewayAddresses(paths, record),
    },
    clientFiles: clientFiles(paths),
    imageDir: record.imageDir,
    stateDir: paths.dir,
    serialLog: paths.serialLog,
    attempts: record.attempts ?? 1,
  };
}

function doorAddress({ tcp, tls, tcpPort: port }: VmRecord): { tls?: string; tcp?: string } {
  if (tcp === false) return {};
  const transport = tls === true ? "tls" : "tcp";
  return { [transport]: formatAddress({ transport, hostname: "127.0.0.1", port }) };
}

function gatewayAddresses(paths: VmPaths, record: VmRecord): { gateway?: GatewayAddresses } {
  const { gateway } = record;
  if (gateway === undefined || (!gateway.vsock && gateway.tcp === "none")) return {};
  const door = gateway.tcp === "none" ? undefined : formatAddress({
    transport: gateway.tcp,
    hostname: "127.0.0.1",
    port: gateway.port,
  });
  const vsock = gateway.vsock ? vsockAddress(paths, record, GATEWAY_VSOCK_PORT) : undefined;
  return {
    gateway: {
      ...(vsock !== undefined && { vsock }),
      ...(door !== undefined && { [gateway.tcp]: door }),
    },
  };
}

function vsockAddress(paths: VmPaths, record: VmRecord, port: number): string | undefined {
  switch (record.vsock) {
    case "kernel":
      return formatAddress({ transport: "vsock", cid: record.cid, port });
    case "vhost-user":
      return formatAddress({ transport: "vsock+unix", path: paths.vsockSocket, port });
    case "none":
      return undefined;
  }
}

/** All addresses, the preferred one first. */
export function addressList(vm: RunningVm): string[] {
  return [vm.addresses.vsock, vm.addresses.tls, vm.addresses.tcp].filter((address) => address !== undefined);
}
