// How this host can give a guest VSOCK: the kernel's vhost-vsock, or the
// vhost-device-vsock daemon, which serves it on a Unix socket. Starts nothing.

import { join } from "node:path";
import { askProgram, atLeast, findProgram, toolsDir, versionIn } from "./programs.ts";

export const VHOST_DEVICE_VSOCK = "vhost-device-vsock";
/** The version that the launcher installs and is tested with. */
export const VHOST_DEVICE_VSOCK_VERSION = "0.3.0";

export type VsockHost =
  | { readonly kind: "kernel" }
  | { readonly kind: "vhost-user"; readonly program: string; readonly version: string };

export interface VsockFinding {
  readonly host?: VsockHost;
  /** What was seen, for `doctor`. */
  readonly found: string;
}

/** The best way there is; the kernel's first, since it is faster and needs no second process. */
export async function findVsockHost(repoRoot: string, device = "/dev/vhost-vsock"): Promise<VsockFinding> {
  let kernel: string;
  try {
    (await Deno.open(device, { read: true, write: true })).close();
    return { host: { kind: "kernel" }, found: `kernel (${device})` };
  } catch (error) {
    kernel = error instanceof Deno.errors.NotFound
      ? `no ${device}`
      : error instanceof Deno.errors.PermissionDenied
      ? `${device} is not open to this user (group kvm)`
      : `${device} doesn't open`;
  }
  const program = await findProgram(VHOST_DEVICE_VSOCK, [join(toolsDir(repoRoot), "bin")]);
  if (program === undefined) return { found: `${kernel}, no ${VHOST_DEVICE_VSOCK}` };
  const version = versionIn((await askProgram([program, "--version"]))?.text ?? "");
  if (version === undefined || !atLeast(version, VHOST_DEVICE_VSOCK_VERSION)) {
    return { found: `${kernel}, ${VHOST_DEVICE_VSOCK} ${version ?? "of unknown version"}` };
  }
  return {
    host: { kind: "vhost-user", program, version },
    found: `${VHOST_DEVICE_VSOCK} ${version} (${kernel})`,
  };
}

/** The daemon's command line for one VM. */
export function vhostVsockArgv(
  program: string,
  cid: number,
  vhostSocket: string,
  vsockSocket: string,
): string[] {
  // Separate options, since in --vm's list a comma in a path would end the value.
  return [program, "--guest-cid", String(cid), "--socket", vhostSocket, "--uds-path", vsockSocket];
}
