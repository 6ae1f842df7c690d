import { expect, it } from "vitest";
import { ownVmPaths } from "./paths.ts";
import { runningVm } from "./running.ts";
import type { VmRecord } from "./vm_state.ts";

const RECORD: VmRecord = {
  version: 1,
  name: "one",
  phase: "ready",
  cid: 7,
  tcpPort: 50051,
  tls: true,
  vsock: "kernel",
  accel: "kvm",
};
const addressesOf = (change: Partial<VmRecord>) =>
  runningVm(ownVmPaths("one"), { ...RECORD, ...change }).addresses;

it("the gateway's addresses stand beside gRPC's, those that it was booted with", () => {
  expect(addressesOf({ gateway: { vsock: true, tcp: "tls", port: 50444 } })).toEqual({
    vsock: "vsock://7:50051",
    tls: "tls://127.0.0.1:50051",
    gateway: { vsock: "vsock://7:50080", tls: "tls://127.0.0.1:50444" },
  });
  expect(addressesOf({ gateway: { vsock: true, tcp: "none", port: 50444 } }).gateway).toEqual({
    vsock: "vsock://7:50080",
  });
  expect(addressesOf({ vsock: "none", gateway: { vsock: true, tcp: "tcp", port: 50444 } }).gateway).toEqual({
    tcp: "tcp://127.0.0.1:50444",
  });
});

it("a VM without a gateway, or of a version without one, has no such addresses", () => {
  expect(addressesOf({})).not.toHaveProperty("gateway");
  expect(addressesOf({ gateway: { vsock: false, tcp: "none", port: 50444 } })).not.toHaveProperty("gateway");
});
