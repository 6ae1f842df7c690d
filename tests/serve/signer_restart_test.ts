// The signer killed while the agent is under load, and started again by its supervisor: what is in flight is answered
// or UNAVAILABLE, nothing hangs, and signatures are back within a second.
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Client } from "../../src/cli/client.ts";
import { CryptoKeyType, CryptoSigningAlgorithm, type CryptoSignRequestInit } from "../../src/proto/mod.ts";
import { type Serving, startServe } from "../lib/serve.ts";

/** Of issue 6. */
const BACK_WITHIN_MS = 1_000;
const CALLERS = 64;
const ROUNDS = 3;
/** Between two deaths: the signer is back and the load runs. */
const BETWEEN_MS = 1_000;
const DATA = new TextEncoder().encode("a message");
const P256 = {
  data: DATA,
  key_type: CryptoKeyType.ECC,
  algorithm: CryptoSigningAlgorithm.ECDSA_P256_SHA256,
};
const RSA = { data: DATA, key_type: CryptoKeyType.RSA, algorithm: CryptoSigningAlgorithm.RSA_PKCS1_SHA256 };

let serving: Serving;
beforeAll(async () => {
  serving = await startServe();
}, 120_000);
afterAll(() => serving.stop());

/** The one whose command line names this test's directory. */
async function signerPid(): Promise<number> {
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const [program, ...args] = (await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => "")).split("\0");
    if (/signer$/.test(program) && args.some((arg) => arg.startsWith(serving.dir))) return Number(name);
  }
  throw new Error("the signer does not run");
}

interface Ended {
  readonly atMs: number;
  readonly code: string;
  readonly tookMs: number;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test("a signer that dies under load costs its calls in flight, and is back within a second", async () => {
  const client = new Client(serving.tcp, { timeoutMs: 5_000 });
  const ended: Ended[] = [];
  let running = true;
  const caller = async (request: CryptoSignRequestInit) => {
    while (running) {
      const startedMs = performance.now();
      const code = await client.sign(request).then(
        () => "OK",
        (error: { code?: status }) => status[error.code ?? status.UNKNOWN],
      );
      const atMs = performance.now();
      ended.push({ atMs, code, tookMs: atMs - startedMs });
      // Whoever was refused comes again after a while.
      if (code !== "OK") await pause(10);
    }
  };
  const callers = Array.from({ length: CALLERS }, (_, at) => caller(at % 2 === 0 ? P256 : RSA));
  await pause(BETWEEN_MS);
  const downs: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    Deno.kill(await signerPid(), "SIGKILL");
    const killedMs = performance.now();
    await pause(BETWEEN_MS);
    await expect.poll(() => ended.some(({ code, atMs }) => code !== "OK" && atMs > killedMs)).toBe(true);
    // The first that succeeded after the first that failed.
    const failedMs = ended.find(({ code, atMs }) => code !== "OK" && atMs > killedMs)?.atMs ?? Infinity;
    const back = () => ended.find(({ code, atMs }) => code === "OK" && atMs > failedMs);
    await expect.poll(back, { timeout: 10_000 }).toBeDefined();
    downs.push((back()?.atMs ?? Infinity) - killedMs);
    await pause(BETWEEN_MS);
  }
  running = false;
  await Promise.all(callers);
  client.close();
  expect([...new Set(ended.map(({ code }) => code))].sort()).toEqual(["OK", "UNAVAILABLE"]);
  expect(Math.max(...ended.map(({ tookMs }) => tookMs))).toBeLessThan(2 * BACK_WITHIN_MS);
  expect(Math.max(...downs), `away for ${downs.map(Math.round)} ms`).toBeLessThan(BACK_WITHIN_MS);
}, 60_000);
