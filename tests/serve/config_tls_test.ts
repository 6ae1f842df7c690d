// TLS as a matter of configuration: a real agent and a real edge, to which certificates, addresses and revocations come
// by Config.Apply and by nothing else.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { Agent, type EdgeOptions } from "../../src/agent/agent.ts";
import { openConfig } from "../../src/agent/config_store/open.ts";
import { createLog } from "../../src/agent/log/mod.ts";
import { keyPair } from "../../src/authority/authority_testkit.ts";
import { readPrivateKey } from "../../src/authority/private_key.ts";
import { AdminClient } from "../../src/cli/admin_client.ts";
import { type EdgeProcess, startEdgeProcess } from "../../src/edge/process.ts";
import { Channel } from "../../src/grpc/channel.ts";
import { unary } from "../../src/grpc/client.ts";
import { readCertificate } from "../../src/pki/certificate.ts";
import { type KeyPairPem, newAuthority, newLeaf, newRevocationList } from "../../src/pki/profile.ts";
import {
  type ApplyConfigRequestInit,
  type ConfigVersion,
  type EchoRequestInit,
  type EchoResponse,
  methodAt,
  type WhoAmIResponse,
} from "../../src/proto/mod.ts";
import { SignerClient } from "../../src/signer/signer_client.ts";
import { parseAddress } from "../../src/transport/address.ts";
import { dialer } from "../../src/transport/dial.ts";

const binary = new URL("../../dataplane/target/release/gatehouse-edge", import.meta.url).pathname;
const DAY_MS = 86_400_000;

const Echo = methodAt<EchoRequestInit, EchoResponse>("/echo.EchoService/Echo");
const validity = { notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + DAY_MS) };

let dir: string;
let agent: Agent;
let edge: EdgeProcess;
let client: AdminClient;
let ca: KeyPairPem;
let server: KeyPairPem;
let caller: KeyPairPem;
let version: number;
/** What the edge has written. */
let edgeLog = "";

/** A port that nobody has now. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}
const port = freePort();

const toml = (...more: string[]) =>
  `[listen]\naddresses = ${JSON.stringify([`unix://${dir}/agent.sock`, ...more])}\n[log]\nlevel = "off"\n` +
  "[limits]\nshutdown_grace_ms = 200\n";
const tls = (at: number) => `tls://127.0.0.1:${at}`;

beforeAll(async () => {
  if (!existsSync(binary)) {
    throw new Error(`${binary} is missing: run \`cargo build --release\` in dataplane/`);
  }
  dir = await Deno.makeTempDir({ prefix: "gatehouse-config-tls-" });
  ca = await newAuthority("CA", validity);
  const leaf = (name: string, use: "server" | "client") =>
    newLeaf(ca, { ...validity, commonName: name, names: [`dns:${name}`, "ip:127.0.0.1"], use });
  server = await leaf("gate.example", "server");
  caller = await leaf("ci.example", "client");
  const { pem, privateKey } = keyPair();
  await Deno.mkdir(join(dir, "credentials"));
  await Deno.writeTextFile(join(dir, "credentials/gatehouse.admin"), pem);
  const stateDir = join(dir, "state");
  const edgeOptions: EdgeOptions = {
    dir: join(dir, "edge"),
    backSocket: join(dir, "back.sock"),
    gatewayBackSocket: join(dir, "gateway.sock"),
    metricsSocket: join(dir, "metrics.sock"),
  };
  const log = createLog({ level: "off" });
  agent = await Agent.start({
    kept: await openConfig({ stateDir, toml: toml(), fileName: "test.toml", log, strict: true }),
    // Nobody signs here.
    signer: new SignerClient(() => Promise.reject(new Error("none"))),
    log,
    strict: true,
    stateDir,
    credentialsDir: join(dir, "credentials"),
    edge: edgeOptions,
  });
  edge = await startEdgeProcess({
    binary,
    configFile: join(edgeOptions.dir, "current/edge.json"),
    addresses: 0,
    onLog: (line) => edgeLog += `${line}\n`,
  });
  const key = await readPrivateKey(String(privateKey.export({ type: "pkcs8", format: "pem" })));
  client = new AdminClient([parseAddress(`unix://${dir}/agent.sock`)], { deadlineMs: 20_000 }, key);
}, 60_000);
afterAll(async () => {
  client?.close();
  await edge?.stop();
  await agent?.shutdown();
  await Deno.remove(dir, { recursive: true });
});
beforeEach(async () => {
  version = (await client.unary<object, ConfigVersion>("/gatehouse.v1.Config/Get", {})).version.toNumber();
});

const apply = (request: ApplyConfigRequestInit): Promise<ConfigVersion> =>
  client.unary("/gatehouse.v1.Config/Apply", { expected_version: version, ...request });

async function overTls<T>(at: number, use: (channel: Channel) => Promise<T>): Promise<T> {
  const { certificatePem: cert, privateKeyPem: key } = caller;
  const dial = dialer(parseAddress(tls(at)), { tls: { ca: ca.certificatePem, cert, key } });
  const channel = new Channel([{ address: tls(at), dial }]);
  try {
    return await use(channel);
  } finally {
    channel.close();
  }
}
const echo = (at: number) =>
  overTls(at, async (channel) => (await unary(channel, Echo, { payload: "x" })).payload);

test("a tls:// address is refused without all that it needs, each part by its name", async () => {
  const refused = apply({ toml: toml(tls(port)), tls: { certificate_pem: server.certificatePem } });
  await expect(refused).rejects.toMatchObject({
    code: 3,
    details: expect.stringMatching(/tls\.private_key_pem: is missing.*tls\.client_ca_pem: is missing/s),
  });
});

test("it answers as soon as Apply does, and knows the caller by its certificate", async () => {
  const applied = await apply({
    toml: toml(tls(port)),
    tls: {
      certificate_pem: server.certificatePem,
      private_key_pem: server.privateKeyPem,
      client_ca_pem: ca.certificatePem,
    },
  });
  expect(applied.tls).toMatchObject({ certificate_pem: server.certificatePem });
  expect(applied.tls?.private_key_pem).toBeFalsy();
  expect(await echo(port)).toBe("x");
  const WhoAmI = methodAt<object, WhoAmIResponse>("/gatehouse.v1.Access/WhoAmI");
  const who = await overTls(port, (channel) => unary(channel, WhoAmI, {}));
  expect(who).toMatchObject({ identity: "dns:ci.example", transport: "tcp" });
});

test("another address takes the place of the one before", async () => {
  const other = freePort();
  await apply({ toml: toml(tls(other)) });
  expect(await echo(other)).toBe("x");
  await expect(Deno.connect({ port, hostname: "127.0.0.1" })).rejects.toThrow();
  await apply({ expected_version: version + 1, toml: toml(tls(port)) });
  expect(await echo(port)).toBe("x");
});

test(
  "a port that another program has undoes the change, with the edge's reason to be looked for",
  async () => {
    const holder = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const taken = (holder.addr as Deno.NetAddr).port;
    await expect(apply({ toml: toml(tls(port), tls(taken)) })).rejects.toMatchObject({
      code: 9,
      details: expect.stringMatching(/^edge: it can't listen at all of 127\.0\.0\.1:.*its log says why$/),
    });
    holder.close();
    expect(await echo(port)).toBe("x");
    expect(edgeLog).toContain(String(taken));
  },
  20_000,
);

test("a key that isn't the certificate's never gets to the edge", async () => {
  const refused = apply({ tls: { private_key_pem: caller.privateKeyPem } });
  await expect(refused).rejects.toMatchObject({
    code: 3,
    details: expect.stringMatching(/^tls\.private_key_pem: isn't the certificate's/),
  });
});

test("a revocation list that is applied turns its certificate away, and without it, it comes in again", async () => {
  const revoked = [{ serial: readCertificate(caller.certificatePem).serial, revokedAt: new Date() }];
  await apply({ tls: { crl_pem: await newRevocationList(ca, revoked, 1, validity) } });
  await expect(echo(port)).rejects.toMatchObject({ code: 14 });
  await apply({ expected_version: version + 1, tls: { crl_pem: "" } });
  await vi.waitFor(async () => expect(await echo(port)).toBe("x"));
});

test("TLS that nobody confirms is undone with its address", async () => {
  const other = freePort();
  await apply({ toml: toml(tls(port), tls(other)), confirm_within_s: 1 });
  expect(await echo(other)).toBe("x");
  await vi.waitFor(
    async () => {
      const now = await client.unary<object, ConfigVersion>("/gatehouse.v1.Config/Get", {});
      expect(now).toMatchObject({ applied_by: "revert", toml: toml(tls(port)) });
    },
    { timeout: 10_000, interval: 100 },
  );
  await vi.waitFor(() => expect(Deno.connect({ port: other, hostname: "127.0.0.1" })).rejects.toThrow());
  expect(await echo(port)).toBe("x");
}, 20_000);
