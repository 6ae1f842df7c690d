// Which VSOCK context id and which TCP port a VM gets: kept with its name, shared
// with no other VM. Only chooses; QEMU's own bind decides in the end.

import { GatehouseError } from "./errors.ts";
import { listen, SocketError } from "../transport/mod.ts";

/** 0 to 2 are the hypervisor, the local machine and the host (vsock(7)). */
const FIRST_CID = 3;
/** gRPC's customary port, then its neighbours: one each for as many VMs as a host sensibly runs. */
const FIRST_PORT = 50051;
const PORTS_TRIED = 200;
/** The same for the gateway: HTTPS' port, moved to where nobody has to be root. */
export const FIRST_GATEWAY_PORT = 50443;

/** The VM's own cid if it has one that isn't refused, else the lowest that no other VM has. */
export function chooseCid(own: number | undefined, taken: ReadonlySet<number>): number {
  if (own !== undefined && !taken.has(own)) return own;
  let cid = FIRST_CID;
  while (taken.has(cid)) cid++;
  return cid;
}

/** Whether 127.0.0.1:`port` can be bound now. */
export async function isPortFree(port: number): Promise<boolean> {
  try {
    (await listen({ transport: "tcp", hostname: "127.0.0.1", port })).close();
    return true;
  } catch (error) {
    if (error instanceof SocketError) return false;
    throw error;
  }
}

/**
 * A port for the VM. One that the user asked for must be free, or `port-in-use` is thrown; else it is
 * the VM's own of last time, else the first free one that is no other VM's.
 */
export async function choosePort(
  choice: {
    readonly asked?: number;
    readonly own?: number;
    readonly taken: ReadonlySet<number>;
    /** Where the search begins; default gRPC's port. */
    readonly first?: number;
    /** What asks for a port on the command line. */
    readonly option?: string;
  },
  isFree: (port: number) => Promise<boolean> = isPortFree,
): Promise<number> {
  const { asked, own, taken, first = FIRST_PORT, option = "--port" } = choice;
  if (asked !== undefined) {
    if (await isFree(asked)) return asked;
    throw portInUse(asked, option);
  }
  if (own !== undefined && !taken.has(own) && await isFree(own)) return own;
  for (let port = first; port < first + PORTS_TRIED; port++) {
    if (!taken.has(port) && await isFree(port)) return port;
  }
  throw new GatehouseError(
    "port-in-use",
    `no free TCP port from ${first} to ${first + PORTS_TRIED - 1} on 127.0.0.1`,
    `name a free one with ${option}`,
  );
}

export function portInUse(port: number, option = "--port"): GatehouseError {
  return new GatehouseError(
    "port-in-use",
    `TCP port ${port} on 127.0.0.1 is in use`,
    `stop what uses it (ss -ltnp 'sport = :${port}' names it), or leave ${option} out to take a free one`,
  );
}
