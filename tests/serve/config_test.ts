// The configuration of a real server, changed by its administrator while it runs: what takes hold at once, what is
// undone by itself, and what a kill leaves.
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { keyPair } from "../../src/authority/authority_testkit.ts";
import { readPrivateKey } from "../../src/authority/private_key.ts";
import { AdminClient } from "../../src/cli/admin_client.ts";
import { Channel } from "../../src/grpc/channel.ts";
import { bidi, unary } from "../../src/grpc/client.ts";
import {
  type ApplyConfigRequestInit,
  type ConfigHistoryResponse,
  type ConfigVersion,
  type EchoRequestInit,
  type EchoResponse,
  type Event,
  EventKind,
  methodAt,
} from "../../src/proto/mod.ts";
import { parseAddress } from "../../src/transport/address.ts";
import { dialer } from "../../src/transport/dial.ts";
import { gatehouseJson, tryGatehouse } from "../lib/command.ts";
import { type Serving, startServe } from "../lib/serve.ts";

const Echo = methodAt<EchoRequestInit, EchoResponse>("/echo.EchoService/Echo");
const Reflection = {
  path: "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
  requestSerialize: (bytes: Uint8Array) => bytes,
  responseDeserialize: (bytes: Uint8Array) => bytes,
};
/** ServerReflectionRequest with list_services = "". */
const LIST_SERVICES = Uint8Array.of(0x3a, 0x00);

const CONFIG = "[log]\nformat = 'json'\n";

let dir: string;
let serving: Serving;
let client: AdminClient;
let adminKey: string;
/** The version in force. */
let version: number;
let toml: string;

const start = () => startServe(CONFIG, { dir, args: ["--credentials", join(dir, "credentials")] });

async function clientFor(address: string): Promise<AdminClient> {
  const key = await readPrivateKey(await Deno.readTextFile(adminKey));
  return new AdminClient([parseAddress(address)], { deadlineMs: 20_000 }, key);
}

beforeAll(async () => {
  dir = await Deno.makeTempDir({ prefix: "gatehouse-config-serve-" });
  await Deno.mkdir(join(dir, "credentials"));
  const { pem, privateKey } = keyPair();
  adminKey = join(dir, "admin.key");
  await Deno.writeTextFile(join(dir, "credentials/gatehouse.admin"), pem);
  await Deno.writeTextFile(adminKey, String(privateKey.export({ type: "pkcs8", format: "pem" })), {
    mode: 0o600,
  });
  serving = await start();
  client = await clientFor(serving.unix);
}, 120_000);
afterAll(async () => {
  client.close();
  await serving.stop();
  await Deno.remove(dir, { recursive: true });
});
beforeEach(async () => {
  const found = await get();
  version = found.version.toNumber();
  toml = found.toml;
});

const get = (): Promise<ConfigVersion> => client.unary("/gatehouse.v1.Config/Get", {});
const apply = (request: ApplyConfigRequestInit): Promise<ConfigVersion> =>
  client.unary("/gatehouse.v1.Config/Apply", { expected_version: version, ...request });
const history = async () =>
  (await client.unary<object, ConfigHistoryResponse>("/gatehouse.v1.Config/History", {})).versions;

/** A text that listens at one more address. */
const withAddress = (address: string) => toml.replace("addresses = [", `addresses = ["${address}", `);

async function echo(address: string, payload = "x"): Promise<string> {
  const channel = new Channel([{ address, dial: dialer(parseAddress(address)) }]);
  try {
    return (await unary(channel, Echo, { payload })).payload;
  } finally {
    channel.close();
  }
}

test("what the server was started with is version 1, its command line included", async () => {
  const found = await get();
  expect(found).toMatchObject({ in_force: true, applied_by: "bootstrap", warnings: [] });
  expect(version).toBe(1);
  expect(toml).toContain(`addresses = ["tcp://127.0.0.1:0","${serving.unix}"]`);
  expect(toml).toContain(CONFIG.trim());
});

test("a new listener answers as soon as Apply does, and a stream that was open goes on", async () => {
  const channel = new Channel([{ address: "tcp", dial: dialer(parseAddress(serving.tcp)) }]);
  const stream = bidi(channel, Reflection);
  await stream.send(LIST_SERVICES);
  const answers = stream[Symbol.asyncIterator]();
  expect((await answers.next()).value?.length).toBeGreaterThan(10);
  const added = `unix://${join(dir, "added.sock")}`;
  const applied = await apply({ toml: withAddress(added), comment: "one more" });
  expect(applied).toMatchObject({ in_force: true, applied_by: "admin:owner", comment: "one more" });
  expect(await echo(added)).toBe("x");
  expect(await echo(serving.tcp)).toBe("x");
  await stream.send(LIST_SERVICES);
  expect((await answers.next()).done).toBe(false);
  stream.cancel();
  channel.close();
});

test("another limit holds for new connections, and an old one's stream finishes in its grace", async () => {
  const channel = new Channel([{ address: "tcp", dial: dialer(parseAddress(serving.tcp)) }]);
  const stream = bidi(channel, Reflection);
  await stream.send(LIST_SERVICES);
  const answers = stream[Symbol.asyncIterator]();
  await answers.next();
  await apply({ toml: `${toml}[limits]\nmax_receive_message_bytes = 1024\n` });
  await expect(echo(serving.tcp, "y".repeat(2_000))).rejects.toMatchObject({ code: 8 });
  await stream.send(LIST_SERVICES);
  expect((await answers.next()).done).toBe(false);
  stream.halfClose();
  expect((await answers.next()).done).toBe(true);
  channel.close();
});

test("log.level takes hold at once, and so does its end", async () => {
  await apply({ toml: toml.replace("[log]", "[log]\nlevel = 'error'") });
  const quiet = serving.log().length;
  await echo(serving.tcp);
  version = (await get()).version.toNumber();
  expect(serving.log().slice(quiet)).not.toContain('"message":"call"');
  await apply({ toml });
  await echo(serving.tcp);
  await vi.waitFor(() => expect(serving.log().slice(quiet)).toContain('"message":"call"'));
});

test("what is wrong is refused with each line and column, and nothing changes", async () => {
  const file = join(dir, "wrong.toml");
  await Deno.writeTextFile(file, "[log]\nlevel = 'loud'\n[limit]\n");
  const refused = await tryGatehouse([
    ...["config", "apply", file, "--server", serving.unix, "--admin-key", adminKey],
  ]);
  expect(refused.code).toBe(1);
  expect(refused.err).toMatch(
    new RegExp(`${file}:2:9: log\\.level: .*\n${file}:3:2: limit: .*did you mean limits`),
  );
  expect((await get()).version.toNumber()).toBe(version);
});

test("an address that is taken undoes the whole change, and says why", async () => {
  const holder = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const taken = `tcp://127.0.0.1:${(holder.addr as Deno.NetAddr).port}`;
  await expect(apply({ toml: withAddress(taken) })).rejects.toMatchObject({
    code: 9,
    details: expect.stringMatching(/can't listen at tcp:/),
  });
  holder.close();
  expect((await get()).version.toNumber()).toBe(version);
  await expect(apply({ toml: withAddress("tls://127.0.0.1:1") })).rejects.toMatchObject({ code: 3 });
});

test("a change on a version that isn't in force any more is ABORTED", async () => {
  await expect(apply({ expected_version: version - 1, toml })).rejects.toMatchObject({
    code: 10,
    details: expect.stringMatching(new RegExp(`^version ${version} is in force`)),
  });
  await expect(apply({ expected_version: 0, toml })).rejects.toMatchObject({ code: 3 });
});

test(
  "a change that nobody confirms is undone by itself, for the connections and in the history",
  async () => {
    const added = `unix://${join(dir, "unconfirmed.sock")}`;
    const applied = await apply({ toml: withAddress(added), confirm_within_s: 1 });
    expect(applied.confirm_by_ms.toNumber()).toBeGreaterThan(Date.now());
    expect(await echo(added)).toBe("x");
    await expect(apply({ expected_version: version + 1, toml })).rejects.toMatchObject({ code: 9 });
    await vi.waitFor(async () => expect((await get()).version.toNumber()).toBe(version + 2), {
      timeout: 5_000,
    });
    await expect(echo(added)).rejects.toMatchObject({ code: 14 });
    expect((await history()).slice(0, 2)).toMatchObject([
      { applied_by: "revert", in_force: true },
      { applied_by: "admin:owner", in_force: false },
    ]);
    const kinds: number[] = [];
    const kept = client.serverStream<object, Event>("/gatehouse.v1.Events/Watch", { include_kept: true });
    for await (const { kind } of kept) {
      kinds.push(kind);
      if (kind === EventKind.CONFIG_REVERTED) break;
    }
    expect(kinds).toContain(EventKind.CONFIG_APPLIED);
  },
  15_000,
);

test("the command line applies, finds the server over a new connection, and confirms", async () => {
  const file = join(dir, "good.toml");
  await Deno.writeTextFile(file, `${toml}[reflection]\nenabled = false\n`);
  const access = ["--server", serving.unix, "--admin-key", adminKey, "--json"];
  const change = ["config", "apply", file, "--confirm-within", "30s", "--confirm", "auto"];
  expect(await gatehouseJson([...change, ...access])).toMatchObject({
    version: version + 1,
    reached: true,
    confirmed: true,
    diff: expect.arrayContaining(["+ [reflection]", "+ enabled = false"]),
  });
  expect((await get()).confirm_by_ms.toNumber()).toBe(0);
  expect(await gatehouseJson(["config", "rollback", String(version), ...access])).toMatchObject({
    version: version + 2,
    comment: `as version ${version}`,
    toml,
  });
  expect(await gatehouseJson(["config", "get", "--version", "1", ...access])).toMatchObject({
    version: 1,
    in_force: false,
    applied_by: "bootstrap",
  });
}, 30_000);

test("a kill while a change waits leaves the one before it at the next start", async () => {
  const added = `unix://${join(dir, "killed.sock")}`;
  await apply({ toml: withAddress(added), confirm_within_s: 600 });
  expect(await echo(added)).toBe("x");
  client.close();
  await serving.kill();
  serving = await start();
  client = await clientFor(serving.unix);
  const found = await get();
  expect(found).toMatchObject({ applied_by: "revert", in_force: true, toml });
  expect(found.version.toNumber()).toBe(version + 2);
  await expect(echo(added)).rejects.toMatchObject({ code: 14 });
}, 60_000);

test("nobody without the key, and nobody over TCP, gets or changes anything", async () => {
  const channel = new AdminClient([parseAddress(serving.unix)], { deadlineMs: 5_000 });
  const request = { expected_version: version, toml };
  await expect(channel.unary("/gatehouse.v1.Config/Apply", request)).rejects.toMatchObject({ code: 16 });
  channel.close();
  const tcp = await clientFor(serving.tcp);
  await expect(tcp.unary("/gatehouse.v1.Config/Get", {})).rejects.toMatchObject({ code: 7 });
  tcp.close();
});
