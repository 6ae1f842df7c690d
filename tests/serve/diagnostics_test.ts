// What an administrator types to look into a running agent: a real process, asked by our own commands.
// Must never take a file for a profile because it is there: Chrome's reader wants what is checked here.
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Channel } from "../../src/grpc/channel.ts";
import { unary } from "../../src/grpc/client.ts";
import { type EchoRequestInit, type EchoResponse, methodAt } from "../../src/proto/mod.ts";
import { parseAddress } from "../../src/transport/address.ts";
import { dialer } from "../../src/transport/dial.ts";
import { gatehouse, gatehouseJson, tryGatehouse } from "../lib/command.ts";
import { type Serving, startServe } from "../lib/serve.ts";

const Echo = methodAt<EchoRequestInit, EchoResponse>("/echo.EchoService/Echo");

let serving: Serving;
let env: Record<string, string>;
beforeAll(async () => {
  serving = await startServe("", { args: ["tls://127.0.0.1:0"] });
  env = { GATEHOUSE_SERVER: serving.unix, GATEHOUSE_ADMIN_KEY: serving.adminKey };
}, 120_000);
afterAll(() => serving.stop());

const file = (name: string) => join(serving.dir, name);

interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string }; children?: number[] }[];
  startTime: number;
  endTime: number;
  samples: number[];
  timeDeltas: number[];
}

test("a CPU profile is one that Chrome's tools open, of the time that was asked for", async () => {
  const channel = new Channel([{ address: serving.unix, dial: dialer(parseAddress(serving.unix)) }]);
  let ended = false;
  const calls = (async () => {
    while (!ended) await unary(channel, Echo, { payload: "under a profile" });
  })();
  const said = await gatehouseJson<{ bytes: number; seconds: number }>(
    ["profile", "--seconds", "2", "-o", file("p.cpuprofile")],
    { env },
  );
  ended = true;
  await calls;
  channel.close();
  const text = await Deno.readTextFile(file("p.cpuprofile"));
  expect([said.bytes, said.seconds]).toEqual([new TextEncoder().encode(text).length, 2]);
  const profile: CpuProfile = JSON.parse(text);
  const ids = new Set(profile.nodes.map(({ id }) => id));
  expect(profile.samples.length).toBeGreaterThan(100);
  expect(profile.timeDeltas).toHaveLength(profile.samples.length);
  expect(profile.samples.every((id) => ids.has(id))).toBe(true);
  const took = (profile.endTime - profile.startTime) / 1e6;
  expect(took).toBeGreaterThan(1.9);
  expect(took).toBeLessThan(10);
  expect(profile.nodes.some(({ callFrame }) => /src\/(grpc|http2)\//.test(callFrame.url))).toBe(true);
}, 60_000);

test("a heap snapshot is whole, and holds no private key of the agent's", async () => {
  const out = await gatehouse(["profile", "--heap", "-o", file("h.heapsnapshot")], { env });
  expect(out).toMatch(/h\.heapsnapshot: \d+ bytes/);
  const text = await Deno.readTextFile(file("h.heapsnapshot"));
  const snapshot = JSON.parse(text);
  const { meta, node_count } = snapshot.snapshot;
  expect(node_count).toBeGreaterThan(10_000);
  expect(snapshot.nodes.length).toBe(node_count * meta.node_fields.length);
  const keyPem = await findKey(join(serving.dir, "state.tls"));
  const body = keyPem.split("\n")[1];
  expect(body.length).toBeGreaterThan(40);
  expect(text).toContain("-----BEGIN PRIVATE KEY-----(removed)");
  expect(text).not.toContain(body);
  expect((await Deno.stat(file("h.heapsnapshot"))).mode! & 0o777).toBe(0o600);
}, 60_000);

async function findKey(dir: string): Promise<string> {
  for await (const entry of Deno.readDir(dir)) {
    if (entry.name.endsWith(".key") && entry.name.includes("server")) {
      return await Deno.readTextFile(join(dir, entry.name));
    }
  }
  throw new Error(`no key in ${dir}`);
}

test("one looks at a time, and whoever breaks off makes room", async () => {
  const begun = () => serving.log().split('"message":"CPU profile begins"').length;
  const before = begun();
  const long = new Deno.Command("./gatehouse", {
    args: ["profile", "--seconds", "120", "-o", file("long.cpuprofile")],
    env,
    stderr: "null",
    stdout: "null",
  }).spawn();
  const asked = () => tryGatehouse(["profile", "--seconds", "1", "-o", file("short.cpuprofile")], { env });
  await until(() => begun() > before);
  const refused = await asked();
  expect([refused.code, refused.err]).toEqual([
    1,
    expect.stringMatching(/RESOURCE_EXHAUSTED: another .* call again/),
  ]);
  long.kill("SIGINT");
  expect((await long.status).code).not.toBe(0);
  await expect(Deno.stat(file("long.cpuprofile"))).rejects.toThrow(Deno.errors.NotFound);
  await until(async () => (await asked()).code === 0);
}, 120_000);

test("the level of a component is changed while the agent runs, and taken back", async () => {
  const before = await gatehouse(["log-level"], { env });
  expect(before).toMatch(/^connections +info$/m);
  expect(await gatehouse(["log-level", "connections", "debug"], { env })).toMatch(
    /^connections +debug +\(configured: info\)$/m,
  );
  await gatehouse(["echo", "hello"], { env });
  await until(() => serving.log().includes('"message":"connection open"'));
  const lines = serving.log().split('"level":"debug"');
  expect(lines.slice(1).every((line) => line.includes('"component":"connections"'))).toBe(true);
  const { components } = await gatehouseJson<{ components: { name: string; level: string }[] }>(
    ["log-level", "all", "configured"],
    { env },
  );
  expect(new Set(components.map(({ level }) => level))).toEqual(new Set(["info"]));
  const unknown = await tryGatehouse(["log-level", "nothing", "debug"], { env });
  expect([unknown.code, unknown.err]).toEqual([1, expect.stringMatching(/NOT_FOUND.*connections/s)]);
  const bad = await tryGatehouse(["log-level", "all", "loud"], { env });
  expect(bad.err).toMatch(/no level of the log\nNext: write one of debug/);
}, 60_000);

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("it didn't come to hold");
}
