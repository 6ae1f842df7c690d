// The agent's side against the real signer program, built by `cargo build --release`
// in dataplane/. Must never pass without it.
import { Buffer } from "node:buffer";
import { createPublicKey, verify } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { Algorithm, KeyKind, Transport } from "../../src/proto/mod.ts";
import { MAX_DATA_BYTES } from "../../src/signer/limits.ts";
import { type SignerProcess, SignerStartError, startSignerProcess } from "../../src/signer/process.ts";
import { SIGNER } from "../../src/signer/methods.ts";
import { RemoteSigner } from "../../src/signer/remote_signer.ts";
import { parseAddress } from "../../src/transport/address.ts";
import { dialer } from "../../src/transport/dial.ts";

/** As shipped; a debug build may be of another day. */
const binary = new URL("../../dataplane/target/release/gatehouse-signer", import.meta.url).pathname;
const caller = { identity: "unix", transport: Transport.UNIX };
const P256 = { key: "default-p256", algorithm: Algorithm.ECDSA_P256_SHA256, caller };
const RSA = { key: "default-rsa", algorithm: Algorithm.RSA_PSS_SHA256, caller };
/** RSA signatures at once: fewer than the signer's queue refuses for the time that they would wait. */
const IN_FLIGHT = 500;
/** From the signer's death to its next signature. */
const BACK_WITHIN_MS = 2_000;

let dir: string;
let logs: string[];
let signerProcess: SignerProcess | undefined;
let signer: RemoteSigner | undefined;

beforeAll(() => {
  if (existsSync(binary)) return;
  throw new Error(
    `${binary} is missing: run \`cargo build --release\` in dataplane/, or \`gatehouse test --only signer\``,
  );
});

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "gatehouse-signer-"));
  await writeFile(join(dir, "sealing-key"), crypto.getRandomValues(new Uint8Array(32)), { mode: 0o600 });
  logs = [];
});

afterEach(async () => {
  await signer?.close();
  await signerProcess?.stop();
  signer = signerProcess = undefined;
  await rm(dir, { recursive: true });
});

const startProcess = (settings: { socket?: string; sealingKeyFile?: string } = {}) =>
  startSignerProcess({
    binary,
    socket: join(dir, "signer.sock"),
    stateDir: join(dir, "state"),
    sealingKeyFile: join(dir, "sealing-key"),
    onLog: (line) => logs.push(line),
    ...settings,
  });

function connect(deadlineMs = 20_000): RemoteSigner {
  const address = `unix://${join(dir, "signer.sock")}`;
  return new RemoteSigner({ address, dial: dialer(parseAddress(address)), deadlineMs });
}

async function start(): Promise<RemoteSigner> {
  signerProcess = await startProcess();
  return signer = connect();
}

/** The program's own pid: the one whose command line names this test's socket. */
async function signerPid(): Promise<number> {
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const commandLine = await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => "");
    if (commandLine.includes(join(dir, "signer.sock"))) return Number(name);
  }
  throw new Error("the signer does not run");
}

const outcome = (call: Promise<unknown>) =>
  call.then(() => "OK", (error: { code?: status }) => status[error.code ?? status.UNKNOWN]);

test("signatures of every algorithm verify with the fetched public key", async () => {
  const signer = await start();
  const data = Buffer.from("gatehouse");
  const pss = { padding: 6, saltLength: 32 }; // RSA_PKCS1_PSS_PADDING
  for (
    const [key, algorithm, hash, options] of [
      ["default-rsa", Algorithm.RSA_PKCS1_SHA256, "sha256", {}],
      ["default-rsa", Algorithm.RSA_PSS_SHA256, "sha256", pss],
      ["default-p256", Algorithm.ECDSA_P256_SHA256, "sha256", {}],
      ["default-p384", Algorithm.ECDSA_P384_SHA256, "sha256", {}],
      ["default-p384", Algorithm.ECDSA_P384_SHA384, "sha384", {}],
    ] as const
  ) {
    const der = Buffer.from(await signer.publicKey(key));
    const publicKey = createPublicKey({ key: der, format: "der", type: "spki" });
    const { signature } = await signer.sign({ key, algorithm, data, caller });
    expect(verify(hash, data, { key: publicKey, ...options }, signature), `${key} ${algorithm}`).toBe(
      true,
    );
  }
  const { keys } = await signer.unary(SIGNER.listKeys, {});
  expect(keys.map(({ id }) => id)).toEqual([
    "default-p256",
    "default-p384",
    "default-rsa",
  ]);
});

test("thousands of calls at once, and the largest data, are each answered", async () => {
  const signer = await start();
  const calls = Array.from(
    { length: 5_000 },
    (_, index) => signer.sign({ ...P256, data: Buffer.from(`${index}`) }),
  );
  const signatures = await Promise.all(calls);
  expect(
    new Set(signatures.map(({ signature }) => Buffer.from(signature).toString("hex"))).size,
  ).toBe(5_000);
  const large = Array.from(
    { length: 6 },
    () => outcome(signer.sign({ ...P256, data: new Uint8Array(MAX_DATA_BYTES) })),
  );
  expect(new Set(await Promise.all(large))).toEqual(new Set(["OK"]));
}, 30_000);

test("the signer's refusals reach the caller", async () => {
  const signer = await start();
  expect(await outcome(signer.sign({ ...P256, key: "nobody", data: Buffer.of() }))).toBe("PERMISSION_DENIED");
  expect(await outcome(signer.sign({ ...P256, key: "default-rsa", data: Buffer.of() }))).toBe(
    "INVALID_ARGUMENT",
  );
  expect(await outcome(signer.sign({ ...RSA, algorithm: 99, data: Buffer.of() }))).toBe("INVALID_ARGUMENT");
  expect(await outcome(signer.sign({ ...P256, data: Buffer.of() }))).toBe("OK");
});

test("killed with -9 while signing: UNAVAILABLE, back within 2 s, the same keys", async () => {
  const signer = await start();
  const before = await signer.publicKey("default-rsa");
  for (let round = 0; round < 3; round++) {
    const inFlight = Array.from(
      { length: IN_FLIGHT },
      () => outcome(signer.sign({ ...RSA, data: Buffer.from("x") })),
    );
    await inFlight[0];
    Deno.kill(await signerPid(), "SIGKILL");
    const killedMs = performance.now();
    const outcomes = new Set(await Promise.all(inFlight));
    expect([...outcomes].sort()).toEqual(["OK", "UNAVAILABLE"]);
    while (await outcome(signer.sign({ ...RSA, data: Buffer.from("again") })) !== "OK") {
      expect(performance.now() - killedMs).toBeLessThan(BACK_WITHIN_MS);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(performance.now() - killedMs).toBeLessThan(BACK_WITHIN_MS);
    expect(Buffer.compare(await signer.publicKey("default-rsa"), before)).toBe(0);
  }
}, 30_000);

test("a stopped signer answers what is in flight, and another start finds the same keys", async () => {
  const signer = await start();
  const before = await signer.publicKey("default-p384");
  expect(await outcome(signer.sign({ ...P256, data: Buffer.of() }))).toBe("OK");
  const calls = Array.from({ length: 200 }, () => outcome(signer.sign({ ...RSA, data: Buffer.of() })));
  await calls[0];
  await signerProcess?.stop();
  expect(new Set(await Promise.all(calls))).toEqual(new Set(["OK"]));
  expect(existsSync(join(dir, "signer.sock"))).toBe(false);
  signerProcess = await startProcess();
  await expect.poll(() => signer.healthy).toBe(true);
  expect(Buffer.compare(await signer.publicKey("default-p384"), before)).toBe(0);
});

test("a signer that hangs costs its callers their deadline, and is used again when it goes on", async () => {
  signerProcess = await startProcess();
  signer = connect(500);
  expect(await outcome(signer.sign({ ...P256, data: Buffer.of() }))).toBe("OK");
  const pid = await signerPid();
  Deno.kill(pid, "SIGSTOP");
  expect(await outcome(signer.sign({ ...P256, data: Buffer.of() }))).toBe("DEADLINE_EXCEEDED");
  Deno.kill(pid, "SIGCONT");
  await expect.poll(() => outcome(signer!.sign({ ...P256, data: Buffer.of() })), { timeout: 5_000 }).toBe(
    "OK",
  );
});

test("a wrong sealing key is said at the start, in the signer's words", async () => {
  await (await startProcess()).stop();
  const sealingKeyFile = join(dir, "other");
  await writeFile(sealingKeyFile, new Uint8Array(32));
  const error = await startProcess({ sealingKeyFile }).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(SignerStartError);
  expect(error).toMatchObject({ exitCode: 78, message: expect.stringContaining("wrong sealing key") });
});

test("the signer ends with the process that started it, however that ends", async () => {
  const module = new URL("../../src/signer/process.ts", import.meta.url);
  const settings = {
    binary,
    socket: join(dir, "signer.sock"),
    stateDir: join(dir, "state"),
    sealingKeyFile: join(dir, "sealing-key"),
  };
  const code = `import { startSignerProcess } from ${JSON.stringify(module.href)};
      await startSignerProcess({ ...${JSON.stringify(settings)}, onLog: () => {} });
      console.log("ready");
      setInterval(() => {}, 1000);`;
  const parent = new Deno.Command(Deno.execPath(), { args: ["eval", code], stdout: "piped" }).spawn();
  const reader = parent.stdout.getReader();
  await reader.read();
  expect(await signerPid()).toBeGreaterThan(0);
  parent.kill("SIGKILL");
  await parent.status;
  await reader.cancel();
  await expect.poll(() => signerPid().catch(() => "gone"), { timeout: 5_000 }).toBe("gone");
}, 20_000);

test("calls beside the stream end in their time, and with what the signer says of them", async () => {
  const signer = await start();
  expect(await outcome(signer.unary(SIGNER.getKey, { id: "nobody" }))).toBe("NOT_FOUND");
  expect((await signer.unary(SIGNER.random, { bytes: 7 })).data).toHaveLength(7);
  const pid = await signerPid();
  Deno.kill(pid, "SIGSTOP");
  expect(await outcome(signer.unary(SIGNER.random, { bytes: 7 }, { deadlineMs: 200 }))).toBe(
    "DEADLINE_EXCEEDED",
  );
  Deno.kill(pid, "SIGCONT");
  const inFlight = outcome(signer.unary(SIGNER.createKey, { id: "slow", kind: KeyKind.RSA_4096 }));
  Deno.kill(pid, "SIGKILL");
  expect(await inFlight).toBe("UNAVAILABLE");
  await expect.poll(() => outcome(signer.unary(SIGNER.random, { bytes: 7 })), { timeout: 5_000 }).toBe("OK");
});
