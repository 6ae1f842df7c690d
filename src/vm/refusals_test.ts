import { expect, it } from "vitest";
import { CidInUse, refusalIn } from "./refusals.ts";

it.each([
  [
    "qemu-system-x86_64: -netdev user,id=net0: Could not set up host forwarding rule 'tcp:127.0.0.1:50051-:50051'",
    "port-in-use",
  ],
  ["qemu-system-x86_64: cannot set up guest memory 'mem0': Cannot allocate memory", "boot-failed"],
  [
    'qemu-system-x86_64: Failed to get "write" lock\nIs another process using the image [/s/state.img]?',
    "busy",
  ],
  ["qemu: could not open kernel file '/i/vmlinuz': No such file or directory", "missing-image"],
  ["qemu-system-x86_64: write failed: No space left on device", "disk-full"],
])("%s", (text, code) => {
  expect(refusalIn(`2026-11-21T06:28:00Z ${text}\n`, 50051)).toMatchObject({ code });
});

it("of two forwarded ports the one that is taken is named", () => {
  const text = "-netdev user,id=net0: Could not set up host forwarding rule 'tcp:127.0.0.1:50443-:50443'";
  expect(refusalIn(text, 50051)).toMatchObject({ message: expect.stringContaining("50443") });
});

it("a context id that is somebody else's asks for another", () => {
  const text =
    "qemu-system-x86_64: -device vhost-vsock-pci: vhost-vsock: unable to set guest cid: Address already in use";
  expect(refusalIn(text, 1)).toBeInstanceOf(CidInUse);
});

it("a QEMU that just ended is no refusal: it may be tried again", () => {
  expect(refusalIn("", 1)).toBeUndefined();
  expect(refusalIn("qemu-system-x86_64: terminating on signal 15 from pid 1 (init)", 1)).toBeUndefined();
});
