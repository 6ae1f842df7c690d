// From what a VM shall be to QEMU's command line: a pure function. Secrets go in as
// files; none may ever stand in an argument, where every process can read it.

export interface Credential {
  /** systemd's name for it, such as gatehouse.config (systemd.system-credentials(7)). */
  readonly name: string;
  readonly path: string;
}

export interface TcpForward {
  readonly hostPort: number;
  readonly guestPort: number;
}

export interface VmSpec {
  readonly name: string;
  readonly cpus: number;
  readonly memoryMib: number;
  readonly accel: "kvm" | "tcg";
  readonly boot:
    | { readonly kind: "kernel"; readonly kernel: string; readonly initrd?: string; readonly cmdline: string }
    | { readonly kind: "firmware"; readonly path: string };
  /** Root file system, read only, so that several VMs may share the file. */
  readonly rootImage?: string;
  /** The guest's own disk. */
  readonly stateImage?: string;
  readonly credentials: readonly Credential[];
  /** Host's 127.0.0.1 port to guest port. None: no network. */
  readonly tcpForwards: readonly TcpForward[];
  readonly vsock:
    | { readonly kind: "kernel"; readonly cid: number }
    | { readonly kind: "vhost-user"; readonly socket: string }
    | { readonly kind: "none" };
  readonly serialLog: string;
  readonly qmpSocket: string;
}

/** The program that runs the guest; the image is amd64 on every host. */
export const QEMU = "qemu-system-x86_64";

/** The guest finds its disk by this NVMe serial number (/dev/disk/by-id), whatever the drives' order. */
export const STATE_DISK_SERIAL = "gatehouse-state";
export const ROOT_DISK_SERIAL = "gatehouse-root";

/**
 * CPU and machine options, shared with the KVM probe so that it tries what will be run.
 * cx16=off: under software emulation about one boot in ten died at cmpxchg16b with it.
 */
export function accelOptions(accel: "kvm" | "tcg"): string[] {
  return accel === "kvm"
    ? ["-accel", "kvm", "-cpu", "host"]
    : ["-accel", "tcg,thread=multi", "-cpu", "max,cx16=off"];
}

/** In a QEMU option's value a comma is written twice. */
function value(text: string): string {
  return text.replaceAll(",", ",,");
}

/** The whole command, program first. */
export function qemuArgv(spec: VmSpec): string[] {
  const shared = spec.vsock.kind === "vhost-user";
  const argv = [
    QEMU,
    ...["-name", value(`gatehouse-${spec.name}`)],
    // Nothing but what is named here: no monitor, no floppy, no user's own configuration.
    ...["-nodefaults", "-no-user-config", "-display", "none"],
    // A guest that reboots or panics ends QEMU; the launcher decides what then.
    "-no-reboot",
    // QEMU has no business with execve, setuid or scheduling once it runs.
    ...["-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"],
    ...["-msg", "timestamp=on"],
    // The i8042 keyboard stays: ctrl-alt-del is how a guest without logind is asked to end.
    ...["-machine", shared ? "q35,memory-backend=mem0" : "q35"],
    ...accelOptions(spec.accel),
    ...["-smp", String(spec.cpus)],
    ...["-m", `${spec.memoryMib}M`],
    // vhost-user's daemon maps the guest's memory, so it must be shareable.
    ...(shared ? ["-object", `memory-backend-memfd,id=mem0,size=${spec.memoryMib}M,share=on`] : []),
    ...bootOptions(spec.boot),
    ...["-chardev", `file,id=serial0,path=${value(spec.serialLog)}`, "-serial", "chardev:serial0"],
    ...["-chardev", `socket,id=qmp0,path=${value(spec.qmpSocket)},server=on,wait=off`],
    ...["-mon", "chardev=qmp0,mode=control"],
    ...["-device", "virtio-rng-pci"],
    // Tells of a guest's panic even when its serial console is silent.
    ...["-device", "pvpanic-pci"],
    ...diskOptions(spec),
    ...networkOptions(spec.tcpForwards),
    ...vsockOptions(spec.vsock),
  ];
  for (const credential of spec.credentials) {
    argv.push(
      "-fw_cfg",
      `name=opt/io.systemd.credentials/${value(credential.name)},file=${value(credential.path)}`,
    );
  }
  return argv;
}

function bootOptions(boot: VmSpec["boot"]): string[] {
  if (boot.kind === "firmware") return ["-bios", boot.path];
  const initrd = boot.initrd === undefined ? [] : ["-initrd", boot.initrd];
  return ["-kernel", boot.kernel, ...initrd, "-append", boot.cmdline];
}

function diskOptions(spec: VmSpec): string[] {
  const options: string[] = [];
  if (spec.rootImage !== undefined) {
    options.push(
      ...["-drive", `if=none,id=root,format=raw,readonly=on,file=${value(spec.rootImage)}`],
      ...["-device", `nvme,drive=root,serial=${ROOT_DISK_SERIAL}`],
    );
  }
  if (spec.stateImage !== undefined) {
    options.push(
      ...["-drive", `if=none,id=state,format=raw,discard=unmap,file=${value(spec.stateImage)}`],
      ...["-device", `nvme,drive=state,serial=${STATE_DISK_SERIAL}`],
    );
  }
  return options;
}

function networkOptions(forwards: readonly TcpForward[]): string[] {
  if (forwards.length === 0) return ["-nic", "none"];
  const rules = forwards.map(({ hostPort, guestPort }) => `,hostfwd=tcp:127.0.0.1:${hostPort}-:${guestPort}`);
  return [
    ...[
      "-netdev",
      // restrict: the guest is called and calls nobody, neither the host nor what lies behind it.
      `user,id=net0,restrict=on${rules.join("")}`,
    ],
    // No option ROM: nothing boots from the network, and Debian keeps the ROM in another package.
    ...["-device", "virtio-net-pci,netdev=net0,romfile="],
  ];
}

function vsockOptions(vsock: VmSpec["vsock"]): string[] {
  switch (vsock.kind) {
    case "kernel":
      return ["-device", `vhost-vsock-pci,guest-cid=${vsock.cid}`];
    case "vhost-user":
      return [
        ...["-chardev", `socket,id=vsock0,path=${value(vsock.socket)}`],
        ...["-device", "vhost-user-vsock-pci,chardev=vsock0"],
      ];
    case "none":
      return [];
  }
}
