// Sessions that are resumed: only by who had them, for who had them, as long as the certificate is good; no early data.
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { parseProxyV2 } from "../../src/transport/proxy_v2.ts";
import { PREFACE } from "../lib/raw_http2.ts";
import { Back } from "./back.ts";
import { Door } from "./door.ts";
import { Edge } from "./edge.ts";
import type { Identity } from "./pki.ts";
import { as, speak } from "./s_client.ts";
import { dialTcp } from "./sockets.ts";
import { derOf, Tls13Client } from "./tls13_client.ts";
import { RECORD } from "./tls13_keys.ts";

const REVOKED = 44;
const VERSIONS = ["-tls1_3", "-tls1_2"];

let door: Door;
let back: Back;
/** An edge whose agent is the test. */
let watched: Edge;
beforeAll(async () => {
  door = await Door.open(async ({ root, material }) => ({
    material: { ...material, crl: await root.revocationList() },
  }));
  back = Back.in(door.prepared.dir);
  watched = await Edge.start({ material: door.prepared.material, back: back.path });
}, 60_000);
afterAll(async () => {
  await watched.stop();
  back.close();
  await door.stop();
});
afterEach(() => door.goesOn());

/** A session that openssl has kept. */
async function keepSession(identity: Identity, version: string, at = door.edge.at()): Promise<string> {
  const file = join(door.prepared.dir, `${crypto.randomUUID()}.session`);
  const { reached, text } = await speak(at, [...as(identity), version, "-sess_out", file]);
  expect(reached, text).toBe(true);
  return file;
}

const resume = (file: string, version: string, more: string[] = [], at = door.edge.at()) =>
  speak(at, ["-sess_in", file, version, ...more]);

test.each(VERSIONS)(
  "a session is resumed by who kept it, without a certificate again, %s",
  async (version) => {
    const file = await keepSession(door.client, version);
    expect(await resume(file, version)).toMatchObject({ reached: true, resumed: true });
  },
);

test.each(VERSIONS)("a session of another process is not resumed, %s", async (version) => {
  const other = await Edge.start({ material: door.prepared.material, back: back.path });
  const file = join(door.prepared.dir, `${version}.other`);
  const count = back.heard.length;
  const spoke = speak(other.at(), [...as(door.client), version, "-sess_out", file]);
  await expect.poll(() => back.heard[count]?.bytes.length ?? 0).toBeGreaterThan(0);
  back.heard[count].close();
  await spoke;
  await other.stop();
  expect(await resume(file, version, as(door.client))).toMatchObject({ reached: true, resumed: false });
  expect(await resume(file, version)).toMatchObject({ reached: false, resumed: false });
});

test.each(VERSIONS)("a session of a certificate that was revoked since is refused, %s", async (version) => {
  const { root } = door.prepared;
  const identity = await root.issue("revoked later");
  const file = await keepSession(identity, version);
  expect(await resume(file, version)).toMatchObject({ reached: true, resumed: true });
  await root.revoke(identity);
  await door.edge.reload({ crl: await root.revocationList() });
  expect(await resume(file, version)).toMatchObject({ reached: false, resumed: false });
  expect(await resume(file, version, as(identity))).toMatchObject({ reached: false, alert: REVOKED });
});

/** What the watched edge tells the agent of a client. */
async function told(client: Tls13Client): Promise<{ certificate?: Uint8Array; after: Uint8Array }> {
  const count = back.heard.length;
  await client.write(client.sending.seal(RECORD.APPLICATION_DATA, PREFACE));
  const ends = () => back.heard[count]?.bytes.slice(-PREFACE.length);
  await expect.poll(ends).toEqual(PREFACE);
  const parsed = parseProxyV2(back.heard[count].bytes);
  if (parsed.state !== "header") throw new Error(`no header came: ${JSON.stringify(parsed)}`);
  const after = back.heard[count].bytes.slice(parsed.lenBytes);
  return { certificate: parsed.header.tls?.clientCertificate, after };
}

const client = async (): Promise<Tls13Client> => new Tls13Client(await dialTcp(watched.at()));

test("a resumed session names who began it, whatever certificate its holder has now", async () => {
  const first = await client();
  const session = await (await first.shake(door.client))();
  first.conn.close();
  const other = await door.prepared.root.issue("another");
  const second = await client();
  await second.shake(other, {}, session);
  expect(second.resumed).toBe(true);
  expect((await told(second)).certificate).toEqual(derOf(door.client.chain)[0]);
  second.conn.close();
});

test("a recorded resumption that is sent again reaches nobody", async () => {
  const first = await client();
  const session = await (await first.shake(door.client))();
  first.conn.close();
  const second = await client();
  const hello = second.hello({}, session);
  await second.write(hello);
  await second.readServerFlight();
  const finished = second.sealHandshake(second.finished());
  await second.write(finished);
  second.conn.close();
  const heard = back.heard.length;
  const thief = await client();
  await thief.write(hello);
  await thief.write(finished);
  expect(await thief.readAlert()).toBeUndefined(); // under keys that the thief hasn't
  thief.conn.close();
  expect(back.heard.length).toBe(heard);
});

/** A client that offers early data with a good session, before it sends any. */
async function beginEarly(): Promise<Tls13Client> {
  const first = await client();
  const session = await (await first.shake(door.client))();
  first.conn.close();
  const early = await client();
  await early.write(early.hello({ early: true }, session));
  return early;
}

test("early data is thrown away: the agent hears what comes after the handshake, and nothing before", async () => {
  const early = await beginEarly();
  await early.write(early.earlyData(new Uint8Array(1_000).fill(69)));
  await early.readServerFlight();
  const finished = early.finished();
  await early.write(early.sealHandshake(finished));
  early.begin(finished);
  expect((await told(early)).after).toEqual(PREFACE);
  early.conn.close();
});

test("early data without an end is refused", async () => {
  const early = await beginEarly();
  const flood = async () => {
    while (true) await early.write(early.earlyData(new Uint8Array(16_000)));
  };
  await expect(flood()).rejects.toThrow(/reset|pipe/i);
  early.conn.close();
});
