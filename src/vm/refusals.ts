// What QEMU says when it won't start, turned into our own errors. Pure.

import { portInUse } from "./allot.ts";
import { GatehouseError } from "./errors.ts";

/** The context id belongs to a VM of somebody else: take another. */
export class CidInUse extends Error {
  override readonly name = "CidInUse";
}

/** The error in QEMU's own log that no second attempt mends; undefined when it holds none. */
export function refusalIn(qemuLog: string, tcpPort: number): GatehouseError | CidInUse | undefined {
  const says = (pattern: RegExp) => pattern.exec(qemuLog)?.[0];
  const rule = /Could not set up host forwarding rule(?: '[^':]*:[^':]*:(\d+)-)?/i.exec(qemuLog);
  if (rule !== null) return portInUse(Number(rule[1] ?? tcpPort));
  if (says(/unable to set guest cid: Address already in use/i)) {
    return new CidInUse("the context id is in use");
  }
  const memory = says(
    /.*(?:cannot set up guest memory|Cannot allocate memory|unable to map backing store).*/i,
  );
  if (memory !== undefined) {
    return new GatehouseError(
      "boot-failed",
      `not enough memory for the VM: ${memory.trim()}`,
      "free some, or give it less with --memory",
    );
  }
  const lock = says(/.*Failed to get "(?:write|shared \\?"?write\\?"?)" lock.*/i);
  if (lock !== undefined) {
    return new GatehouseError(
      "busy",
      `another QEMU holds the VM's disk: ${lock.trim()}`,
      "run ./gatehouse down, then ./gatehouse up",
    );
  }
  const file = says(/.*(?:[Cc]ould not (?:open|load)|[Cc]an't load|not found).*/);
  if (file !== undefined) {
    return new GatehouseError(
      "missing-image",
      `QEMU can't open a file of the image: ${file.trim()}`,
      "run ./gatehouse up again to rebuild it",
    );
  }
  const full = says(/.*No space left on device.*/i);
  if (full !== undefined) return diskFull(full.trim());
  return undefined;
}

export function diskFull(detail: string): GatehouseError {
  return new GatehouseError(
    "disk-full",
    `no disk space for the VM: ${detail}`,
    "free some space, or set GATEHOUSE_HOME to a directory on a larger disk",
  );
}
