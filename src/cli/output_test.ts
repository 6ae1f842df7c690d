import { expect, it, vi } from "vitest";
import { loadConfig } from "../agent/config/mod.ts";
import { refusalBy } from "../authority/refusals.ts";
import { ProgramStartError } from "../processes/supervisor.ts";
import { SignerStartError } from "../signer/process.ts";
import { parseAddress, SocketError } from "../transport/mod.ts";
import { failureOf, note, print, printJson, reportFailure } from "./output.ts";

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

it("a program that didn't start and an address in use end with a next step too", () => {
  expect(failureOf(new SignerStartError("wrong sealing key", 3)).next).toContain("--sealing-key");
  expect(failureOf(new ProgramStartError("the edge can't listen", 0))).toMatchObject({
    code: "edge-failed",
    next: expect.stringContaining("--listen"),
  });
  const inUse = new SocketError(
    "EADDRINUSE",
    "tcp://127.0.0.1:1",
    "can't listen at tcp://127.0.0.1:1: in use",
  );
  expect(failureOf(inUse)).toMatchObject({ code: "EADDRINUSE", next: expect.stringContaining("another") });
});

it("a refusal's reason decides the next step: no certificate and no administrator opens a closed transport", () => {
  const next = (refusal: object) => failureOf(Object.assign(new Error(), refusal)).next;
  expect(next(refusalBy("TRANSPORT_NEVER"))).toMatch(/vsock:\/\/ or unix:\/\/, with --admin-key/);
  expect(next(refusalBy("PROOF_MISSING"))).not.toMatch(/tls:/);
  expect(next(refusalBy("ROLE_TOO_LOW"))).toMatch(/an administrator can allow more/);
  expect(next(refusalBy("KEY_NOT_FOUND"))).toMatch(/gatehouse keys list/);
  expect(next(refusalBy("KEY_NOT_ALLOWED"))).toMatch(/gatehouse keys list.*whoami.*gatehouse keys policy ID/);
});

it("what is wrong with certificates isn't answered with looking whether the server runs", () => {
  const unavailable = (details: string) => failureOf(Object.assign(new Error(), { code: 14, details })).next;
  expect(unavailable("No connection established. tls://a:1: its certificate has expired")).toMatch(/--ca/);
  expect(unavailable("No connection established. tls://a:1: nothing listens there")).toMatch(/runs/);
});

it("an unknown error is told as it is", () => {
  expect(failureOf(new Error("odd"))).toEqual({ code: "failed", message: "odd" });
});

it("no server's words move the terminal's cursor, whichever way they are printed", () => {
  const written: string[] = [];
  const write = (bytes: Uint8Array) => {
    written.push(new TextDecoder().decode(bytes));
    return bytes.length;
  };
  const spies = [Deno.stdout, Deno.stderr].map((to) => vi.spyOn(to, "writeSync").mockImplementation(write));
  const hostile = "a\u001b[2Jb\u009b1mc\u202ed\re\n\tf \u00fc";
  const details = Object.assign(new Error(hostile), { code: 7, details: hostile });
  print(hostile);
  note(hostile);
  printJson({ hostile });
  reportFailure(details, false);
  for (const spy of spies) spy.mockRestore();
  const shown = "a\\u001b[2Jb\\u009b1mc\\u202ed\\u000de\n\tf \u00fc";
  expect(written.slice(0, 2)).toEqual([`${shown}\n`, `${shown}\n`]);
  expect(JSON.parse(written[2])).toEqual({ hostile });
  expect(written[3]).toBe(`gatehouse: PERMISSION_DENIED: ${shown}\n`);
  // deno-lint-ignore no-control-regex -- they are what is looked for
  expect(written.join("")).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/);
});
