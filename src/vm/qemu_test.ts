import { expect, it } from "vitest";
import { qemuArgv, type VmSpec } from "./qemu.ts";

const SPEC: VmSpec = {
  name: "one",
  cpus: 2,
  memoryMib: 1536,
  accel: "tcg",
  boot: { kind: "kernel", kernel: "/i/vmlinuz", cmdline: "root=PARTUUID=1 console=ttyS0" },
  rootImage: "/i/root.img",
  stateImage: "/s/state.img",
  credentials: [{ name: "gatehouse.sealing-key", path: "/s/sealing.key" }],
  tcpForwards: [{ hostPort: 50051, guestPort: 50051 }, { hostPort: 50444, guestPort: 50443 }],
  vsock: { kind: "vhost-user", socket: "/r/vhost.sock" },
  serialLog: "/s/serial.log",
  qmpSocket: "/r/qmp.sock",
};

/** The values that follow each `option`. */
function values(argv: readonly string[], option: string): string[] {
  return argv.flatMap((word, at) => word === option ? [argv[at + 1]] : []);
}

it("credentials go in as files, so that no secret stands on the command line", () => {
  expect(values(qemuArgv(SPEC), "-fw_cfg")).toEqual([
    "name=opt/io.systemd.credentials/gatehouse.sealing-key,file=/s/sealing.key",
  ]);
});

it("the root image is read only, so that several VMs can share the file", () => {
  const drives = values(qemuArgv(SPEC), "-drive");
  expect(drives.find((drive) => drive.includes("root.img"))).toContain("readonly=on");
  expect(drives.find((drive) => drive.includes("state.img"))).not.toContain("readonly");
  expect(values(qemuArgv(SPEC), "-device")).toContain("nvme,drive=state,serial=gatehouse-state");
});

it("vhost-user shares the guest's memory with the daemon, the kernel's vhost needs none of it", () => {
  const shared = qemuArgv(SPEC);
  expect(values(shared, "-object")).toEqual(["memory-backend-memfd,id=mem0,size=1536M,share=on"]);
  expect(values(shared, "-machine")).toEqual(["q35,memory-backend=mem0"]);
  const kernel = qemuArgv({ ...SPEC, vsock: { kind: "kernel", cid: 7 } });
  expect(values(kernel, "-object")).toEqual([]);
  expect(values(kernel, "-device")).toContain("vhost-vsock-pci,guest-cid=7");
});

it("emulation leaves out cmpxchg16b, which crashed one boot in ten; KVM gives the host's CPU", () => {
  expect(values(qemuArgv(SPEC), "-cpu")).toEqual(["max,cx16=off"]);
  expect(values(qemuArgv({ ...SPEC, accel: "kvm" }), "-cpu")).toEqual(["host"]);
});

it("the forwarded ports are bound to the host's loopback only", () => {
  expect(values(qemuArgv(SPEC), "-netdev")[0].split(",").filter((part) => part.startsWith("hostfwd")))
    .toEqual([
      "hostfwd=tcp:127.0.0.1:50051-:50051",
      "hostfwd=tcp:127.0.0.1:50444-:50443",
    ]);
  expect(values(qemuArgv({ ...SPEC, tcpForwards: [] }), "-nic")).toEqual(["none"]);
});

it("the guest can call nobody: neither the host's own services nor the network behind it", () => {
  expect(values(qemuArgv(SPEC), "-netdev")[0].split(",")).toContain("restrict=on");
});

it("a comma in a path doesn't become an option", () => {
  const argv = qemuArgv({
    ...SPEC,
    stateImage: "/a,b/state.img",
    serialLog: "/a,b/serial.log",
    credentials: [{ name: "c", path: "/a,b/c" }],
  });
  expect(argv.filter((word) => /a,b/.test(word))).toEqual([]);
  expect(argv.filter((word) => word.includes("/a,,b/"))).toHaveLength(3);
});
