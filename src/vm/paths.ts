// Where a VM keeps what: its state (keys, disk, log) and its sockets. Pure, apart
// from ensurePrivateDir. The state must never lie in a place that others can read.

import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { GatehouseError } from "./errors.ts";

/** sockaddr_un.sun_path is 108 bytes with its closing zero (unix(7)). */
const MAX_SOCKET_PATH_BYTES = 107;
/** The longest name that ever stands in the socket directory: a guest's call to a host port (VM.sock_PORT). */
const LONGEST_SOCKET_NAME = "vsock.sock_4294967295";

/** The VM that commands mean when none is named. */
export const DEFAULT_VM = "gatehouse";

/** A VM's name becomes a directory, a QEMU option and a log field, so it stays plain. */
const NAME = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/;

export interface VmPaths {
  readonly name: string;
  /** State that outlives `down`. Mode 0700. */
  readonly dir: string;
  readonly record: string;
  readonly lock: string;
  readonly sealingKey: string;
  /** The one that is to take its place, while the store is sealed anew. */
  readonly nextSealingKey: string;
  /** The first administrator's private key, which the command line proves with, and its public half. */
  readonly adminKey: string;
  readonly adminPublicKey: string;
  /** What opens this VM's backups, and its public half, to which they are encrypted. */
  readonly recoveryKey: string;
  readonly recoveryRecipient: string;
  /** The VM's own authority, its certificate and the command line's. Mode 0700. */
  readonly tls: string;
  readonly machineId: string;
  readonly config: string;
  readonly stateImage: string;
  readonly serialLog: string;
  /** The log of the attempt before, kept for whoever asks why it failed. */
  readonly previousSerialLog: string;
  readonly qemuLog: string;
  readonly vhostLog: string;
  /** Of the Prometheus that reads this VM. Mode 0700. */
  readonly monitoring: string;
  /** Sockets; gone after `down`. Mode 0700. */
  readonly runDir: string;
  readonly qmpSocket: string;
  readonly vhostSocket: string;
  /** The hybrid VSOCK socket, for vsock+unix:// addresses. */
  readonly vsockSocket: string;
}

export interface Environment {
  get(name: string): string | undefined;
}

/** GATEHOUSE_HOME, or gatehouse/ in the XDG state directory. */
export function stateHome(env: Environment): string {
  const own = env.get("GATEHOUSE_HOME");
  if (own) return own;
  const state = env.get("XDG_STATE_HOME");
  if (state) return join(state, "gatehouse");
  const home = env.get("HOME");
  if (!home) {
    throw new GatehouseError(
      "state-damaged",
      "neither HOME, XDG_STATE_HOME nor GATEHOUSE_HOME is set",
      "set GATEHOUSE_HOME to a directory for the VMs' keys and disks",
    );
  }
  return join(home, ".local/state/gatehouse");
}

/** Throws `invalid-name` unless the name is 1 to 32 of a-z, 0-9 and inner hyphens. */
export function checkName(name: string): string {
  if (!NAME.test(name)) {
    throw new GatehouseError(
      "invalid-name",
      `"${name.slice(0, 64)}" is no VM name`,
      "use 1 to 32 lower-case letters, digits and inner hyphens, such as gatehouse or test-2",
    );
  }
  return name;
}

/** All paths of VM `name`. Sockets move to a short directory when the state's own is too deep for sun_path. */
export function vmPaths(name: string, env: Environment, uid: number): VmPaths {
  const dir = join(stateHome(env), "vms", checkName(name));
  let runDir = join(dir, "run");
  if (new TextEncoder().encode(join(runDir, LONGEST_SOCKET_NAME)).length > MAX_SOCKET_PATH_BYTES) {
    // The hash keeps two state homes with a VM of the same name apart.
    const hash = createHash("sha256").update(dir).digest("hex").slice(0, 8);
    runDir = join(env.get("XDG_RUNTIME_DIR") || "/tmp", `gatehouse-${uid}`, `${name}-${hash}`);
  }
  const inDir = (file: string) => join(dir, file);
  const inRun = (file: string) => join(runDir, file);
  return {
    name,
    dir,
    record: inDir("vm.json"),
    lock: inDir("lock"),
    sealingKey: inDir("sealing.key"),
    nextSealingKey: inDir("sealing.key.new"),
    adminKey: inDir("admin.key"),
    adminPublicKey: inDir("admin.pub"),
    recoveryKey: inDir("recovery.key"),
    recoveryRecipient: inDir("recovery.pub"),
    tls: inDir("tls"),
    machineId: inDir("machine-id"),
    config: inDir("config.toml"),
    stateImage: inDir("state.img"),
    serialLog: inDir("serial.log"),
    previousSerialLog: inDir("serial.log.1"),
    qemuLog: inDir("qemu.log"),
    vhostLog: inDir("vhost-device-vsock.log"),
    monitoring: inDir("monitoring"),
    runDir,
    qmpSocket: inRun("qmp.sock"),
    vhostSocket: inRun("vhost.sock"),
    vsockSocket: inRun("vsock.sock"),
  };
}

/** The paths for this process's user and environment. */
export function ownVmPaths(name: string): VmPaths {
  return vmPaths(name, Deno.env, Deno.uid() ?? 0);
}

/**
 * Makes `dir` with mode 0700, and refuses one that somebody else made first: /tmp is
 * everybody's, and who owns the directory can swap the sockets in it.
 */
export async function ensurePrivateDir(dir: string): Promise<void> {
  // A parent that is ours by name (gatehouse-UID in /tmp) is as dangerous as the directory.
  const parent = dirname(dir);
  if (basename(parent).startsWith("gatehouse-")) await ensurePrivateDir(parent);
  await Deno.mkdir(dir, { recursive: true, mode: 0o700 });
  const info = await Deno.lstat(dir);
  if (!info.isDirectory || info.uid !== Deno.uid()) {
    throw new GatehouseError(
      "state-damaged",
      `${dir} is not a directory of this user`,
      `remove it, or set GATEHOUSE_HOME to a directory of your own`,
    );
  }
  if (((info.mode ?? 0) & 0o077) !== 0) await Deno.chmod(dir, 0o700);
}
