import { expect, it } from "vitest";
import { loadConfig } from "../agent/config/mod.ts";
import { checkVmConfig } from "./vm_config.ts";

const config = (...addresses: string[]) =>
  loadConfig(`[listen]\naddresses = ${JSON.stringify(addresses)}\ninsecure_tcp = true\n`, "vm.toml");
const gateway = (...addresses: string[]) =>
  loadConfig(
    `[listen]\ninsecure_tcp = true\n[gateway]\naddresses = ${JSON.stringify(addresses)}\n`,
    "vm.toml",
  );

it.each([
  [[], "none"],
  [["tls://0.0.0.0:50051"], "tls"],
  [["tls://[::]:50051"], "tls"],
  [["tcp://0.0.0.0:50051"], "tcp"],
  [["[::]:50051"], "tcp"],
])("VSOCK and %j: what answers on the VM's TCP port is %s", (addresses, tcpService) => {
  expect(checkVmConfig(config("vsock:any:50051", ...addresses), "vm.toml")).toMatchObject({ tcpService });
});

it.each([
  [[], { vsock: false, tcp: "none" }],
  [["vsock://any:50080"], { vsock: true, tcp: "none" }],
  [["vsock://any:50080", "tls://0.0.0.0:50443"], { vsock: true, tcp: "tls" }],
  [["tls://[::]:50443"], { vsock: false, tcp: "tls" }],
  [["tcp://0.0.0.0:50443"], { vsock: false, tcp: "tcp" }],
])("the gateway at %j answers so: %j", (addresses, expected) => {
  expect(checkVmConfig(gateway(...addresses), "vm.toml").gateway).toEqual(expected);
});

it.each(["vsock://any:50081", "tls://0.0.0.0:443", "tls://127.0.0.1:50443", "unix:///run/http.sock"])(
  "the gateway at %s is refused with its key and what is allowed",
  (address) => {
    expect(() => checkVmConfig(gateway("vsock://any:50080", address), "vm.toml")).toThrow(
      expect.objectContaining({
        message: `vm.toml: gateway.addresses[1]: the VM can't open ${address}`,
        next: expect.stringContaining("vsock://any:50080, tls://0.0.0.0:50443, tls://[::]:50443, tcp://"),
      }),
    );
  },
);

it("two addresses of the gateway on one port are refused as gRPC's are", () => {
  expect(() => checkVmConfig(gateway("tls://0.0.0.0:50443", "tls://[::]:50443"), "vm.toml"))
    .toThrow("gateway.addresses: tls://0.0.0.0:50443 and tls://[::]:50443 are one port");
});

it.each([
  "tcp://0.0.0.0:50052",
  "tls://0.0.0.0:50052",
  "tls://127.0.0.1:50051",
  "tcp://127.0.0.1:50051",
  "unix:///run/gatehouse.sock",
  "vsock://any:50052",
  "vsock://3:50051",
])("%s is refused with its key and what is allowed", (address) => {
  expect(() => checkVmConfig(config("vsock://any:50051", address), "vm.toml")).toThrow(
    expect.objectContaining({
      code: "bad-argument",
      message: `vm.toml: listen.addresses[1]: the VM can't open ${address}`,
      next: expect.stringContaining("vsock://any:50051, tls://0.0.0.0:50051, tls://[::]:50051, tcp://"),
    }),
  );
});

it.each([
  ["tcp://0.0.0.0:50051", "tcp://[::]:50051"],
  ["tls://0.0.0.0:50051", "tls://[::]:50051"],
])("%s and %s are refused: the second would be tried for ever", (...both) => {
  expect(() => checkVmConfig(config("vsock://any:50051", ...both), "vm.toml"))
    .toThrow("only one can open");
});

it("a proxy's socket is refused: none stands before the agent in a VM", () => {
  const text = "[listen]\nproxied = ['unix:///run/gatehouse-edge/agent.sock']\n";
  expect(() => checkVmConfig(loadConfig(text, "vm.toml"), "vm.toml")).toThrow(
    expect.objectContaining({
      message: expect.stringContaining("listen.proxied[0]: the VM's agent can't open"),
    }),
  );
});

it("without VSOCK nobody could ask for health: the key and what to add are told", () => {
  expect(() => checkVmConfig(config("tcp://0.0.0.0:50051"), "vm.toml")).toThrow(
    expect.objectContaining({
      message: expect.stringContaining("vm.toml: listen.addresses: vsock://any:50051 is missing"),
      next: 'add "vsock://any:50051" to listen.addresses',
    }),
  );
});
