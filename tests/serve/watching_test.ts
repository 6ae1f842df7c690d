// What the agent sees of its surroundings, told to who watches: with the real signer, a real clock file, and an edge's
// metrics socket that the test opens and closes.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { service as health } from "grpc-health-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Agent } from "../../src/agent/agent.ts";
import { openConfig } from "../../src/agent/config_store/open.ts";
import { nameOf } from "../../src/agent/event_kinds.ts";
import { createLog } from "../../src/agent/log/mod.ts";
import { keyPair } from "../../src/authority/authority_testkit.ts";
import { Prover, type ProvingKey } from "../../src/authority/prover.ts";
import { Channel } from "../../src/grpc/channel.ts";
import { type ClientMethod, unary } from "../../src/grpc/client.ts";
import { caFiles, createCa, issue } from "../../src/pki/ca.ts";
import {
  CertificateState,
  CertificateUse,
  type Event,
  EventKind,
  type GetStatusRequestInit,
  type GetStatusResponse,
  methodAt,
  type WatchEventsRequestInit,
} from "../../src/proto/mod.ts";
import { type SignerProcess, startSignerProcess } from "../../src/signer/process.ts";
import { RemoteSigner } from "../../src/signer/remote_signer.ts";
import { parseAddress } from "../../src/transport/address.ts";
import { dialer } from "../../src/transport/dial.ts";
import { header, ssl, tlsVersion } from "../../src/transport/proxy_v2_testkit.ts";
import { gatehouse, gatehouseJson, tryGatehouse } from "../lib/command.ts";

const binary = new URL("../../dataplane/target/release/gatehouse-signer", import.meta.url).pathname;
/** The word on a loss or a return, on a busy machine. */
const TOLD_MS = 15_000;

const Get = methodAt<GetStatusRequestInit, GetStatusResponse>("/gatehouse.v1.Status/Get");
const Watch = methodAt<WatchEventsRequestInit, Event>("/gatehouse.v1.Events/Watch");
const Check = health.Check as unknown as ClientMethod<{ service: string }, { status: string }>;

let dir: string;
let signerProcess: SignerProcess | undefined;
let signer: RemoteSigner;
let agent: Agent;
let channel: Channel;
let prover: Prover;
let edge: Deno.UnixListener | undefined;

beforeAll(async () => {
  if (!existsSync(binary)) {
    throw new Error(`${binary} is missing: run \`cargo build --release\` in dataplane/`);
  }
  dir = await Deno.makeTempDir({ prefix: "gatehouse-watching-" });
  await Deno.writeFile(join(dir, "sealing-key"), crypto.getRandomValues(new Uint8Array(32)), { mode: 0o600 });
  const admin = keyPair();
  await Deno.mkdir(join(dir, "credentials"));
  await Deno.writeTextFile(join(dir, "credentials/gatehouse.admin"), admin.pem);
  // It ran once when the clock stood in 2099: from then on the clock isn't believed.
  await Deno.mkdir(join(dir, "agent"));
  await Deno.writeTextFile(join(dir, "agent/clock"), "2099-01-01T00:00:00.000Z\n");
  await startSigner();
  signer = remoteSigner();
  openEdge();
  const pem = String(admin.privateKey.export({ type: "pkcs8", format: "pem" }));
  await Deno.writeTextFile(join(dir, "admin.key"), pem, { mode: 0o600 });
  ({ agent, channel, prover } = await startAgent("agent", "credentials", admin.proving));
}, 60_000);

afterAll(async () => {
  channel?.close();
  await agent?.shutdown();
  await signer?.close();
  await signerProcess?.stop();
  edge?.close();
  await Deno.remove(dir, { recursive: true });
});

/** With the signer of all and an edge that answers at metrics.sock. */
async function startAgent(name: string, credentials: string, key: ProvingKey) {
  const log = createLog();
  const [stateDir, credentialsDir, socket] = [
    join(dir, name),
    join(dir, credentials),
    join(dir, `${name}.sock`),
  ];
  const toml = `[listen]\naddresses = ["unix://${socket}", "tls://127.0.0.1:50051"]\n[log]\nlevel = "off"\n`;
  const agent = await Agent.start({
    kept: await openConfig({ stateDir, credentialsDir, toml, fileName: "test.toml", log, strict: true }),
    signer,
    log,
    strict: true,
    stateDir,
    credentialsDir,
    edge: {
      dir: join(dir, `${name}-edge`),
      backSocket: join(dir, `${name}-back.sock`),
      gatewayBackSocket: join(dir, `${name}-gateway.sock`),
      metricsSocket: join(dir, "metrics.sock"),
    },
  });
  const channel = new Channel([{ address: "unix", dial: dialer(parseAddress(`unix://${socket}`)) }]);
  return { agent, channel, prover: new Prover(channel, key) };
}

async function startSigner(): Promise<void> {
  signerProcess = await startSignerProcess({
    binary,
    socket: join(dir, "signer.sock"),
    stateDir: join(dir, "state"),
    sealingKeyFile: join(dir, "sealing-key"),
    onLog: () => {},
  });
}

function remoteSigner(): RemoteSigner {
  const address = `unix://${dir}/signer.sock`;
  return new RemoteSigner({ address, dial: dialer(parseAddress(address)), deadlineMs: 5_000 });
}

/** Answers as the edge does, with two connections. */
function openEdge(): void {
  const listening = Deno.listen({ transport: "unix", path: join(dir, "metrics.sock") });
  edge = listening;
  const answer = "HTTP/1.0 200 OK\r\n\r\ngatehouse_edge_connections 2\n";
  void (async () => {
    for await (const conn of listening) {
      try {
        await conn.read(new Uint8Array(512));
        await conn.write(new TextEncoder().encode(answer));
      } catch {
        // It has gone.
      }
      conn.close();
    }
  })();
}

const status = (): Promise<GetStatusResponse> => prover.unary(Get, {});
const healthOf = async (service: string): Promise<string> =>
  (await unary(channel, Check, { service }, { deadlineMs: 5_000 })).status;

/** The kinds that come until the last of `wanted` has come, from the beginning. */
async function untilSeen(wanted: string[], act: () => Promise<void>): Promise<string[]> {
  const { last_event } = await status();
  const after = last_event.toNumber();
  const watch = prover.serverStream(Watch, { after_sequence: after, include_kept: true }, {
    signal: AbortSignal.timeout(TOLD_MS),
  });
  const acting = act();
  const seen: string[] = [];
  try {
    for await (const { kind, sequence } of watch) {
      expect(sequence.toNumber()).toBe(after + seen.length + 1);
      seen.push(nameOf(kind));
      if (seen.includes(wanted[wanted.length - 1])) break;
    }
  } finally {
    await acting;
  }
  return seen.filter((kind) => wanted.includes(kind));
}

test("the status names version, clock, transports and units", async () => {
  await expect.poll(() => healthOf("gatehouse.edge"), { timeout: TOLD_MS }).toBe("SERVING");
  const { version, instance_id, uptime_ms, transports, units, certificates } = await status();
  expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  expect(instance_id).toMatch(/^[0-9a-f-]{36}$/);
  expect(uptime_ms.toNumber()).toBeGreaterThan(0);
  expect(transports.map(({ address, protection }) => [address, protection])).toEqual([
    [`unix://${dir}/agent.sock`, "local"],
    ["tls://127.0.0.1:50051", "mutual TLS"],
  ]);
  expect(transports.map(({ connections }) => connections)).toEqual([1, 0]);
  expect(units.map(({ name, healthy }) => [name, healthy])).toEqual([
    ["agent", true],
    ["signer", true],
    ["edge", true],
  ]);
  expect(certificates).toEqual([]);
});

test("what comes through the edge is counted as TLS by what its PROXY header says", async () => {
  const conn = await Deno.connect({ transport: "unix", path: join(dir, "agent-back.sock") });
  try {
    await conn.write(header({ fields: ssl([tlsVersion()]) }));
    await expect.poll(async () => (await status()).transports.map(({ connections }) => connections)).toEqual([
      1,
      1,
    ]);
  } finally {
    conn.close();
  }
});

test("a signer that dies and comes back is told as lost and back, and health follows", async () => {
  expect(await healthOf("gatehouse.signer")).toBe("SERVING");
  const seen = await untilSeen(["SIGNER_LOST", "SIGNER_BACK"], async () => {
    await signerProcess?.stop();
    signerProcess = undefined;
    await expect.poll(() => healthOf("gatehouse.signer"), { timeout: TOLD_MS }).toBe("NOT_SERVING");
    expect(await healthOf("")).toBe("NOT_SERVING");
    const { units } = await status();
    expect(units.find(({ name }) => name === "signer")).toMatchObject({ healthy: false });
    await startSigner();
  });
  expect(seen).toEqual(["SIGNER_LOST", "SIGNER_BACK"]);
  await expect.poll(() => healthOf("gatehouse.signer"), { timeout: TOLD_MS }).toBe("SERVING");
  expect(await healthOf("")).toBe("SERVING");
}, 40_000);

test("an edge that doesn't answer is told as lost and back, and the overall health stays", async () => {
  const seen = await untilSeen(["EDGE_LOST", "EDGE_BACK"], async () => {
    edge?.close();
    await expect.poll(() => healthOf("gatehouse.edge"), { timeout: TOLD_MS }).toBe("NOT_SERVING");
    expect(await healthOf("")).toBe("SERVING");
    openEdge();
  });
  expect(seen).toEqual(["EDGE_LOST", "EDGE_BACK"]);
  await expect.poll(() => healthOf("gatehouse.edge"), { timeout: TOLD_MS }).toBe("SERVING");
}, 40_000);

test("a clock that stands before the time that was kept isn't believed, and all the rest is served", async () => {
  expect(await healthOf("gatehouse.clock")).toBe("NOT_SERVING");
  expect(await healthOf("gatehouse.tls")).toBe("NOT_SERVING");
  expect(await healthOf("")).toBe("SERVING");
  expect((await status()).clock).toMatchObject({
    known: false,
    reason: expect.stringMatching(/2099-01-01.*set the machine's clock/),
  });
  const kept = prover.serverStream(Watch, { include_kept: true });
  const kinds: string[] = [];
  for await (const { kind } of kept) {
    kinds.push(nameOf(kind));
    if (kind === EventKind.STARTED) break;
  }
  expect(kinds).toContain("CLOCK_UNKNOWN");
});

test("a certificate that has expired and one that soon will are told at the start, and TLS isn't healthy", async () => {
  const DAY_MS = 24 * 3_600_000;
  const long = new Date(Date.now() - 80 * DAY_MS);
  const ca = join(dir, "ca");
  await createCa(ca, { now: long, days: 90 });
  const server = await issue(ca, { name: "gatehouse.example", use: "server", days: 30 }, long);
  const credentials = join(dir, "expired");
  const admin = keyPair();
  await Deno.mkdir(credentials);
  await Deno.writeTextFile(join(credentials, "gatehouse.admin"), admin.pem);
  await Deno.writeTextFile(join(credentials, "gatehouse.tls-cert"), server.certificatePem);
  await Deno.writeTextFile(join(credentials, "gatehouse.tls-key"), server.privateKeyPem);
  await Deno.copyFile(caFiles(ca).certificate, join(credentials, "gatehouse.client-ca"));

  const expired = await startAgent("expired-agent", "expired", admin.proving);
  try {
    const { certificates, last_event } = await expired.prover.unary(Get, {});
    expect(certificates.map(({ use, state, names }) => [use, state, names])).toEqual([
      [CertificateUse.SERVER, CertificateState.EXPIRED, ["dns:gatehouse.example"]],
      [CertificateUse.CLIENT_CA, CertificateState.NEAR_EXPIRY, []],
    ]);
    const { status: tls } = await unary(expired.channel, Check, { service: "gatehouse.tls" });
    expect(tls).toBe("NOT_SERVING");
    const told: [string, string][] = [];
    for await (const event of expired.prover.serverStream(Watch, { include_kept: true })) {
      told.push([nameOf(event.kind), event.message]);
      if (event.sequence.equals(last_event)) break;
    }
    expect(told).toContainEqual([
      "CERTIFICATE_EXPIRED",
      expect.stringMatching(/^the server's certificate has expired/),
    ]);
    expect(told).toContainEqual(["CERTIFICATE_NEAR_EXPIRY", expect.stringMatching(/will expire soon/)]);
  } finally {
    expired.channel.close();
    await expired.agent.shutdown();
  }
});

test(
  "the command line shows both with an enrolled key, and without one the health and what to do",
  async () => {
    const at = ["--server", `unix://${dir}/agent.sock`];
    const key = ["--admin-key", join(dir, "admin.key")];
    const seen = await gatehouseJson<{ version: string; events: { kind: string }[] }>([
      "status",
      "--json",
      ...at,
      ...key,
    ]);
    expect(seen.version).toMatch(/^\d/);
    expect(seen.events.length).toBe(5);
    const lines = (await gatehouse(["logs", "--events", "--json", "--after", "1", ...at, ...key])).trim()
      .split("\n");
    expect(lines.map((line) => JSON.parse(line).sequence)).toEqual(lines.map((_, index) => index + 2));

    const without = await tryGatehouse(["status", ...at]);
    expect(without.code).toBe(1);
    expect(without.out).toMatch(/health {2}server: SERVING\n.*signer: SERVING\n.*clock: NOT_SERVING/);
    expect(without.out).toMatch(/more can't be seen: UNAUTHENTICATED.*\nNext: .*--admin-key/);
  },
  30_000,
);

test("who stops the agent is told: the last event is STOPPING", async () => {
  const watch = prover.serverStream(Watch, {})[Symbol.asyncIterator]();
  const first = watch.next();
  // The watch has begun once Status, asked after it, has answered.
  await status();
  const stopped = agent.shutdown();
  expect(nameOf((await first).value?.kind ?? 0)).toBe("STOPPING");
  await expect(watch.next()).rejects.toMatchObject({ details: expect.stringMatching(/the agent stops/) });
  await stopped;
});
