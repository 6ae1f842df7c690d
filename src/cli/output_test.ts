import { expect, it } from "vitest";
import { loadConfig } from "../agent/config/mod.ts";
import { SignerStartError } from "../signer/process.ts";
import { parseAddress, SocketError } from "../transport/mod.ts";
import { failureOf } from "./output.ts";

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

it("a bad address ends with the forms that there are", () => {
  const failure = failureOf(thrownBy(() => parseAddress("http://x")));
  expect(failure.code).toBe("bad-address");
  for (const form of ["tcp://", "unix://", "vsock://", "vsock+unix://"]) expect(failure.next).toContain(form);
});

it("a bad configuration ends with the command that checks it", () => {
  const failure = failureOf(thrownBy(() => loadConfig("nope = 1", "vm.toml")));
  expect(failure.next).toContain("gatehouse config check vm.toml");
});

it("a signer that didn't start and an address in use end with a next step too", () => {
  expect(failureOf(new SignerStartError("wrong sealing key", 3)).next).toContain("--sealing-key");
  const inUse = new SocketError(
    "EADDRINUSE",
    "tcp://127.0.0.1:1",
    "can't listen at tcp://127.0.0.1:1: in use",
  );
  expect(failureOf(inUse)).toMatchObject({ code: "EADDRINUSE", next: expect.stringContaining("another") });
});

it("an unknown error is told as it is", () => {
  expect(failureOf(new Error("odd"))).toEqual({ code: "failed", message: "odd" });
});
