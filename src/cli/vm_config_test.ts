import { expect, it } from "vitest";
import { loadConfig } from "../agent/config/mod.ts";
import { checkVmConfig } from "./vm_config.ts";

const config = (...addresses: string[]) =>
  loadConfig(`[listen]\naddresses = ${JSON.stringify(addresses)}\ninsecure_tcp = true\n`, "vm.toml");

it("VSOCK alone has no TCP; with any address of TCP it has", () => {
  expect(checkVmConfig(loadConfig("", "vm.toml"), "vm.toml")).toEqual({ tcp: false });
  for (const tcp of ["tcp://0.0.0.0:50051", "[::]:50051"]) {
    expect(checkVmConfig(config("vsock:any:50051", tcp), "vm.toml")).toEqual({ tcp: true });
  }
});

it.each([
  "tcp://0.0.0.0:50052",
  "tcp://127.0.0.1:50051",
  "unix:///run/gatehouse.sock",
  "vsock://any:50052",
  "vsock://3:50051",
])("%s is refused with its key and what is allowed", (address) => {
  expect(() => checkVmConfig(config("vsock://any:50051", address), "vm.toml")).toThrow(
    expect.objectContaining({
      code: "bad-argument",
      message: `vm.toml: listen.addresses[1]: the VM's agent can't open ${address}`,
      next: expect.stringContaining("vsock://any:50051, tcp://0.0.0.0:50051, tcp://[::]:50051"),
    }),
  );
});

it("both addresses of TCP are refused: the second would be tried for ever", () => {
  expect(() =>
    checkVmConfig(config("vsock://any:50051", "tcp://0.0.0.0:50051", "tcp://[::]:50051"), "vm.toml")
  )
    .toThrow("only the first can open");
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
