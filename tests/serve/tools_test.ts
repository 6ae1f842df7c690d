// What users bring: openssl, grpcurl, a pipe. Against `gatehouse serve`.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ALGORITHMS } from "../lib/algorithms.ts";
import { gatehouse, gatehouseJson, runOk, tryGatehouse } from "../lib/command.ts";
import { opensslVerdicts } from "../lib/openssl.ts";
import { type Serving, startServe } from "../lib/serve.ts";
import { grpcurl } from "../lib/tools.ts";

let serving: Serving;
beforeAll(async () => {
  serving = await startServe();
}, 120_000);
afterAll(() => serving.stop());

test.each(ALGORITHMS)("openssl verifies $name made over TCP, and refuses other data", async (algorithm) => {
  const verdicts = await opensslVerdicts(serving.tcp, algorithm, serving.dir);
  expect(verdicts.good).toBe("Verified OK");
  expect(verdicts.forged).toMatch(/Verification failure/i);
}, 30_000);

test("sign reads standard input, verify judges it, another text is refused with exit code 1", async () => {
  const stdin = new TextEncoder().encode("from a pipe");
  const signature = `${serving.dir}/pipe.sig`;
  await gatehouse(["sign", "--server", serving.unix, "-o", signature], { stdin });
  expect(await gatehouse(["verify", "--signature", signature, "--server", serving.unix], { stdin })).toMatch(
    /^Verified/,
  );
  const forged = await tryGatehouse(["verify", "--signature", signature, "--server", serving.unix], {
    stdin: new TextEncoder().encode("from another pipe"),
  });
  expect(forged.code).toBe(1);
  expect(forged.out).toMatch(/^NOT verified/);
}, 30_000);

test("the next address answers when the first fails", async () => {
  const reply = await gatehouseJson<{ peer: string }>([
    "echo",
    "hi",
    "--server",
    `unix:///nowhere.sock,vsock+unix:///nowhere.vsock:50051,${serving.tcp}`,
  ]);
  expect(reply.peer).toBe(serving.tcp);
}, 20_000);

test("when every address fails, the error names each with its reason and the next step", async () => {
  const ran = await tryGatehouse(["echo", "hi", "--server", "unix:///nowhere.sock,tcp://127.0.0.1:1"]);
  expect(ran.code).toBe(1);
  expect(ran.err).toMatch(/nowhere\.sock/);
  expect(ran.err).toMatch(/127\.0\.0\.1:1/);
  expect(ran.err).toMatch(/Next: /);
}, 20_000);

test("echo returns every byte of 1 MiB", async () => {
  const reply = await gatehouseJson<{ payload_bytes: number }>([
    "echo",
    "--size",
    "1048576",
    "--server",
    serving.tcp,
  ]);
  expect(reply.payload_bytes).toBe(1_048_576);
}, 20_000);

test("plain TCP beyond loopback is refused without --insecure-tcp", async () => {
  const ran = await tryGatehouse(["serve", "--listen", "tcp://0.0.0.0:0", "--state", `${serving.dir}/other`]);
  expect(ran.code).toBe(1);
  expect(ran.err).toMatch(/--insecure-tcp/);
}, 20_000);

test("a taken port is a clear message", async () => {
  const ran = await tryGatehouse(["serve", "--listen", serving.tcp, "--state", `${serving.dir}/third`]);
  expect(ran.code).toBe(1);
  expect(ran.err).toMatch(/in use/);
}, 20_000);

describe("grpcurl", async () => {
  const tool = await grpcurl();
  if ("reason" in tool) {
    test.skip(`skipped: ${tool.reason}`, () => {});
    return;
  }
  const call = (...args: string[]) => runOk(tool.path, ["-plaintext", ...args]);

  test("lists services by reflection", async () => {
    const services = (await call(serving.hostPort, "list")).trim().split("\n");
    expect(services).toEqual(expect.arrayContaining(["crypto.CryptoService", "echo.EchoService"]));
  });

  test("calls Echo", async () => {
    const reply = JSON.parse(
      await call("-d", '{"payload":"hello","timestamp":"7"}', serving.hostPort, "echo.EchoService/Echo"),
    );
    expect(reply).toMatchObject({ payload: "hello", requestTimestamp: "7" });
  });

  test("gets SERVING from health, for the server and for each service", async () => {
    for (const service of ["", "echo.EchoService", "crypto.CryptoService"]) {
      const reply = await call(
        "-d",
        JSON.stringify({ service }),
        serving.hostPort,
        "grpc.health.v1.Health/Check",
      );
      expect(JSON.parse(reply)).toEqual({ status: "SERVING" });
    }
  });

  test("an RSA algorithm with an ECC key is refused by name", async () => {
    await expect(call("-d", '{"key_type":"ECC"}', serving.hostPort, "crypto.CryptoService/Sign")).rejects
      .toThrow(
        /InvalidArgument[^]*algorithm[^]*ECDSA_P256_SHA256/,
      );
  });
});
