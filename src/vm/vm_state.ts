// What is remembered of a VM between commands: vm.json, its keys, its lock.
// The sealing key lies here, outside the VM's disk, and must never be printed,
// copied or put on a command line.

import { dirname } from "node:path";
import { z } from "zod";
import { GatehouseError } from "./errors.ts";
import { ensurePrivateDir, type VmPaths } from "./paths.ts";
import { PHASES } from "./phases.ts";
import { ensureSealingKey } from "./sealing_key.ts";
import { exists, writeOnce } from "../files/write_once.ts";

/** A vm.json is about 1 KB; one past this bound is not ours. */
const MAX_RECORD_BYTES = 64 * 1024;

const processId = z.object({ pid: z.int().positive(), startTicks: z.int(), bootId: z.string() });

const record = z.object({
  version: z.literal(1),
  name: z.string(),
  phase: z.enum(PHASES),
  /** The guest's VSOCK context id; stays with the name. */
  cid: z.int().min(3).max(0xfffffffe),
  /** Port on the host's 127.0.0.1 that reaches the guest's gRPC port; stays with the name while it is free. */
  tcpPort: z.int().min(1).max(65535),
  /** False: the VM has no network, and the port is only kept for later. Absent in older records: true. */
  tcp: z.boolean().optional(),
  /** True: TLS answers behind that port. Absent in older records: plain TCP. */
  tls: z.boolean().optional(),
  /** The HTTP gateway: whether it answers over VSOCK, what answers on TCP, its port on the host. Absent in older records: none. */
  gateway: z.object({
    vsock: z.boolean(),
    tcp: z.enum(["tls", "tcp", "none"]),
    port: z.int().min(1).max(65535),
  }).optional(),
  vsock: z.enum(["kernel", "vhost-user", "none"]),
  accel: z.enum(["kvm", "tcg"]),
  imageDir: z.string().optional(),
  qemu: processId.optional(),
  vhostVsock: processId.optional(),
  /** When QEMU was started, RFC 3339. */
  startedAt: z.string().optional(),
  /** Attempts that the last boot took. */
  attempts: z.int().optional(),
  /** Why the VM isn't ready, for `status`. */
  problem: z.string().optional(),
});

/** One VM's vm.json. */
export type VmRecord = z.infer<typeof record>;

/** Reads vm.json; undefined when there is none. Throws `state-damaged` when it can't be understood. */
export async function readRecord(paths: VmPaths): Promise<VmRecord | undefined> {
  let text: string;
  try {
    const info = await Deno.stat(paths.record);
    if (info.size > MAX_RECORD_BYTES) throw damaged(paths, `it has ${info.size} bytes`);
    text = await Deno.readTextFile(paths.record);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw damaged(paths, "it is not JSON");
  }
  const parsed = record.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw damaged(paths, `${issue.path.join(".")}: ${issue.message}`);
  }
  return parsed.data;
}

function damaged(paths: VmPaths, reason: string): GatehouseError {
  return new GatehouseError(
    "state-damaged",
    `${paths.record} can't be understood: ${reason}`,
    `remove that one file and run ./gatehouse up again; keys and disk beside it stay`,
  );
}

/** Writes vm.json so that a crash leaves the old or the new one, never half of one. */
export function writeRecord(paths: VmPaths, value: VmRecord): void {
  const draft = `${paths.record}.new`;
  Deno.writeTextFileSync(draft, JSON.stringify(value, null, 2) + "\n", { mode: 0o600 });
  Deno.renameSync(draft, paths.record);
}

/** Makes what a VM keeps for life, each part only where it isn't there yet: keys survive every later `up`. */
export async function ensureState(paths: VmPaths, stateImageBytes: number): Promise<void> {
  await ensurePrivateDir(paths.dir);
  await ensurePrivateDir(paths.runDir);
  await ensureSealingKey(paths.sealingKey, paths.stateImage);
  // machine-id(5): 32 lower-case hexadecimal digits, here of a version 4 UUID as systemd makes them.
  await writeOnce(paths.machineId, new TextEncoder().encode(crypto.randomUUID().replaceAll("-", "") + "\n"));
  await ensureSparseFile(paths.stateImage, stateImageBytes);
}

async function ensureSparseFile(path: string, bytes: number): Promise<void> {
  if (await exists(path)) return;
  const draft = `${path}.new`;
  using file = await Deno.open(draft, { write: true, create: true, truncate: true, mode: 0o600 });
  await file.truncate(bytes);
  await Deno.rename(draft, path);
}

/** The machine id of the VM, 32 hexadecimal digits. */
export async function readMachineId(paths: VmPaths): Promise<string> {
  const id = (await Deno.readTextFile(paths.machineId)).trim();
  if (!/^[0-9a-f]{32}$/.test(id)) {
    throw new GatehouseError(
      "state-damaged",
      `${paths.machineId} is no machine id`,
      "remove that file; the next up makes a new one",
    );
  }
  return id;
}

/** Every VM that has a directory. Others' files among them are passed over. */
export async function recordedVms(home: string, toPaths: (name: string) => VmPaths): Promise<VmPaths[]> {
  const found: VmPaths[] = [];
  try {
    for await (const entry of Deno.readDir(`${home}/vms`)) {
      if (!entry.isDirectory) continue;
      try {
        found.push(toPaths(entry.name));
      } catch (error) {
        if (!(error instanceof GatehouseError && error.code === "invalid-name")) throw error;
      }
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Runs `work` while no other gatehouse works on the same VM; throws `busy` when one does. */
export async function withLock<T>(lockPath: string, what: string, work: () => Promise<T>): Promise<T> {
  await ensurePrivateDir(dirname(lockPath));
  for (;;) {
    using file = await Deno.open(lockPath, { write: true, read: true, create: true, mode: 0o600 });
    if (!(await file.tryLock(true))) {
      throw new GatehouseError(
        "busy",
        `another gatehouse is working on ${what}`,
        "wait for it, or press Ctrl-C where it runs",
      );
    }
    // `down --purge` removes the lock with the directory: a lock on a file without a name excludes nobody.
    const held = await file.stat();
    const named = await Deno.stat(lockPath).catch(() => undefined);
    if (named === undefined) await ensurePrivateDir(dirname(lockPath));
    if (named?.ino !== held.ino) continue;
    return await work();
  }
}
