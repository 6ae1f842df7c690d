// Whether KVM can really run a guest. /dev/kvm may be there and still not do:
// nested and paravirtual hosts accept the device and then emulate, or abort. So a
// tiny guest is started with the options of the real one. Never guesses from CPU flags.

import { join } from "node:path";
import { PROBE_PORT, PROBE_STATUS, probeFirmware } from "./accel_probe.ts";
import { accelOptions, QEMU } from "./qemu.ts";

/** A working KVM runs the probe in under 0.2 s; one that interprets each instruction needs minutes. */
const PROBE_TIMEOUT_MS = 3_000;

export interface AccelFinding {
  readonly accel: "kvm" | "tcg";
  /** Why, in a few words for `doctor`. */
  readonly reason: string;
}

let cached: Promise<AccelFinding> | undefined;

/** Probes once per run of the program. Never throws: without KVM there is software emulation. */
export function probeAccel(): Promise<AccelFinding> {
  cached ??= probe("/dev/kvm");
  return cached;
}

/** The uncached probe, with the device to look at. */
export async function probe(device: string): Promise<AccelFinding> {
  const tcg = (reason: string): AccelFinding => ({ accel: "tcg", reason });
  if (Deno.build.arch !== "x86_64") return tcg(`the image is for x86_64, this host is ${Deno.build.arch}`);
  try {
    (await Deno.open(device, { read: true, write: true })).close();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return tcg(`${device} doesn't exist`);
    if (error instanceof Deno.errors.PermissionDenied) {
      return tcg(`${device} is not open to this user (group kvm)`);
    }
    return tcg(`${device} doesn't open`);
  }
  const status = await runProbe("kvm");
  if (status === PROBE_STATUS) return { accel: "kvm", reason: "a test guest ran" };
  if (status === "timeout") {
    return tcg(`${device} is there, but a test guest made no headway in ${PROBE_TIMEOUT_MS / 1000} s`);
  }
  if (status === "missing") return tcg(`${QEMU} is not installed`);
  return tcg(`${device} is there, but a test guest didn't start`);
}

/** Runs the probe guest; its exit status tells whether it came to its end. */
export async function runProbe(accel: "kvm" | "tcg"): Promise<number | "timeout" | "missing"> {
  const dir = await Deno.makeTempDir({ prefix: "gatehouse-probe-" });
  try {
    const firmware = join(dir, "probe.bin");
    await Deno.writeFile(firmware, probeFirmware());
    const abort = AbortSignal.timeout(PROBE_TIMEOUT_MS);
    const child = new Deno.Command(QEMU, {
      args: [
        ...accelOptions(accel),
        ...[
          "-machine",
          "q35",
          "-m",
          "16M",
          "-nodefaults",
          "-no-user-config",
          "-display",
          "none",
          "-no-reboot",
        ],
        ...["-bios", firmware, "-device", `isa-debug-exit,iobase=${PROBE_PORT},iosize=1`],
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const kill = () => {
      try {
        child.kill("SIGKILL");
      } catch {
        // It ended in this very moment.
      }
    };
    abort.addEventListener("abort", kill, { once: true });
    const { code } = await child.status;
    abort.removeEventListener("abort", kill);
    return abort.aborted ? "timeout" : code;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "missing";
    throw error;
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}
