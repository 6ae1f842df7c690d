// What this machine has for Gatehouse and what it lacks. Only looks, apart from
// the KVM probe, which runs a guest of a few bytes; install.ts changes things.

import { join } from "node:path";
import { probeAccel } from "./accel.ts";
import { freeDiskBytes } from "./disk_space.ts";
import type { Finding } from "./findings.ts";
import { stateHome } from "./paths.ts";
import { askProgram, atLeast, findProgram, toolsDir, versionIn } from "./programs.ts";
import { QEMU } from "./qemu.ts";
import { examineRust } from "./rust.ts";
import { findVsockHost, VHOST_DEVICE_VSOCK, VHOST_DEVICE_VSOCK_VERSION } from "./vsock_host.ts";

export { commandsFor, type Finding, type FindingState, type Fix, formatFindings } from "./findings.ts";
export { install, type InstallOptions } from "./install.ts";

interface Tool {
  readonly name: string;
  readonly program: string;
  readonly packages: readonly string[];
  readonly why: string;
  /** Oldest version that is known to do. */
  readonly atLeast?: string;
  /** Needed by users other than root only. */
  readonly unprivileged?: boolean;
  /** Needed by what asks for it only. */
  readonly onlyFor?: Purpose;
}

/** What takes more than a VM does. */
export type Purpose = "monitoring" | "tests";

/** Programs that come as Debian packages. */
const TOOLS: readonly Tool[] = [
  // 7.2 is Debian 12's: nvme, memfd and vhost-user-vsock-pci as they are used here.
  { name: "QEMU", program: QEMU, packages: ["qemu-system-x86"], why: "runs the VM", atLeast: "7.2" },
  {
    name: "mmdebstrap",
    program: "mmdebstrap",
    packages: ["mmdebstrap", "debian-archive-keyring"],
    why: "builds the image",
  },
  {
    name: "mke2fs",
    program: "mke2fs",
    packages: ["e2fsprogs"],
    why: "makes the image's file system",
    atLeast: "1.43",
  },
  { name: "sfdisk", program: "sfdisk", packages: ["fdisk"], why: "partitions the image" },
  {
    name: "C compiler",
    program: "cc",
    packages: ["gcc", "libc6-dev"],
    why: "the signer's cryptography is compiled with it",
  },
  {
    name: "newuidmap",
    program: "newuidmap",
    packages: ["uidmap"],
    why: "builds the image without root",
    unprivileged: true,
  },
  {
    name: "Prometheus",
    program: "promtool",
    packages: ["prometheus"],
    why: "`up --monitoring`, and the tests of the alert rules",
    onlyFor: "monitoring",
  },
  {
    name: "Chromium",
    program: "chromium",
    packages: ["chromium"],
    why: "the tests of the page",
    onlyFor: "tests",
  },
];

export interface ExamineOptions {
  /** What these take is needed, too. */
  readonly purposes?: readonly Purpose[];
}

/** Building the signer, the image's layers and the image; measured at about half of it. */
const DISK_BYTES = 4 * 2 ** 30;
/** The VM's own 1.5 GiB and what runs it. */
const MEMORY_BYTES = 2 * 2 ** 30;

/** Looks at everything, in the order of the table. Takes up to 3 s, for the KVM probe. Doesn't throw on what it finds. */
export async function examine(repoRoot: string, options: ExamineOptions = {}): Promise<Finding[]> {
  const tools = TOOLS.filter(({ unprivileged }) => !unprivileged || Deno.uid() !== 0);
  return await Promise.all([
    ...tools.map((tool) => examineTool(tool, options)),
    examineRust(),
    examineAccel(),
    examineVsock(repoRoot),
    examineDisk(repoRoot),
    examineMemory(),
  ]);
}

async function examineTool(tool: Tool, { purposes = [] }: ExamineOptions): Promise<Finding> {
  const need = `${tool.atLeast === undefined ? "" : `${tool.atLeast} or later; `}${tool.why}`;
  const { name } = tool;
  const fix = { packages: tool.packages, command: `apt-get install ${tool.packages.join(" ")}` };
  const path = await findProgram(tool.program);
  const absent = tool.onlyFor === undefined || purposes.includes(tool.onlyFor) ? "missing" : "optional";
  if (path === undefined) return { name, state: absent, found: "none", need, fix };
  // mke2fs has its own word for it.
  const answer = await askProgram([path, tool.program === "mke2fs" ? "-V" : "--version"]);
  const version = versionIn(answer?.text ?? "");
  if (tool.atLeast !== undefined && (version === undefined || !atLeast(version, tool.atLeast))) {
    return { name, state: "missing", found: version ?? `${path} doesn't tell its version`, need, fix };
  }
  return { name, state: "ok", found: version ?? path, need };
}

async function examineAccel(): Promise<Finding> {
  const { accel, reason } = await probeAccel();
  const need = "KVM, for a boot in seconds";
  if (accel === "kvm") return { name: "KVM", state: "ok", found: reason, need };
  return { name: "KVM", state: "degraded", found: `${reason}: software emulation`, need };
}

async function examineVsock(repoRoot: string): Promise<Finding> {
  const { host, found } = await findVsockHost(repoRoot);
  const need = `/dev/vhost-vsock, or ${VHOST_DEVICE_VSOCK} ${VHOST_DEVICE_VSOCK_VERSION}`;
  if (host !== undefined) return { name: "VSOCK", state: "ok", found, need };
  const argv = ["cargo", "install", "--locked", VHOST_DEVICE_VSOCK, "--version", VHOST_DEVICE_VSOCK_VERSION];
  argv.push("--root", toolsDir(repoRoot));
  return { name: "VSOCK", state: "missing", found, need, fix: { command: argv.join(" "), run: [argv] } };
}

async function examineDisk(repoRoot: string): Promise<Finding> {
  const checked = [join(repoRoot, "."), await existingParent(stateHome(Deno.env))];
  const free = Math.min(...await Promise.all(checked.map(freeDiskBytes)));
  const state = free >= DISK_BYTES ? "ok" : "degraded";
  return { name: "disk", state, found: `${gib(free)} free`, need: `${gib(DISK_BYTES)} for a first build` };
}

async function existingParent(path: string): Promise<string> {
  for (let dir = path;; dir = join(dir, "..")) {
    if ((await Deno.stat(dir).catch(() => undefined))?.isDirectory || dir === "/") return dir;
  }
}

async function examineMemory(): Promise<Finding> {
  const need = `${gib(MEMORY_BYTES)} available for the VM`;
  const available = availableMemoryBytes(await Deno.readTextFile("/proc/meminfo").catch(() => ""));
  if (available === undefined) return { name: "memory", state: "optional", found: "unknown", need };
  return {
    name: "memory",
    state: available >= MEMORY_BYTES ? "ok" : "degraded",
    found: `${gib(available)} available`,
    need,
  };
}

/** MemAvailable of /proc/meminfo (proc_meminfo(5)), in bytes. */
export function availableMemoryBytes(meminfo: string): number | undefined {
  const kib = /^MemAvailable:\s+(\d+) kB$/m.exec(meminfo)?.[1];
  return kib === undefined ? undefined : Number(kib) * 1024;
}

function gib(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
