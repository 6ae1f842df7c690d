// Who comes with a bad certificate is told by an alert and reaches no agent; who comes with a good one goes on.
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { makeRefused, REFUSED_CERTIFICATES } from "./client_certificates.ts";
import { Door } from "./door.ts";
import { type Identity, inDays } from "./pki.ts";
import { as, speak } from "./s_client.ts";

/** openssl alone would not even send what is weak. */
const SEND_ANYTHING = ["-cipher", "DEFAULT:@SECLEVEL=0"];
const VERSIONS = ["-tls1_3", "-tls1_2"];

let door: Door;
let identities: Map<string, Identity>;
beforeAll(async () => {
  door = await Door.open(async ({ dir, root, material }) => {
    const refused = await makeRefused(dir, root);
    identities = refused.identities;
    return { material: { ...material, clientCa: refused.anchors, crl: refused.crl } };
  });
}, 60_000);
afterAll(() => door.stop());
afterEach(() => door.goesOn());

const speakAs = (identity: Identity | undefined, version: string) =>
  speak(door.edge.at(), [...identity ? as(identity) : [], version, ...SEND_ANYTHING]);

test.each(VERSIONS)("a good certificate reaches the agent by openssl %s", async (version) => {
  expect(await speakAs(door.client, version)).toMatchObject({ reached: true, alert: undefined });
});

test.each(REFUSED_CERTIFICATES)("$name is refused", async ({ name, alert, why }) => {
  const from = door.edge.logged;
  for (const version of VERSIONS) {
    const { reached, alert: told, text } = await speakAs(identities.get(name), version);
    expect({ reached, told, text }).toEqual({ reached: false, told: alert, text });
  }
  const line = await door.edge.line("connection refused", from);
  expect(JSON.parse(line)).toMatchObject({ level: "info", why: expect.stringMatching(why) });
});

test("a stale revocation list refuses everybody, and a fresh one lets them in again", async () => {
  const { root, material } = door.prepared;
  const edge = await door.fresh({ material: { ...material, crl: await root.revocationList(inDays(-1)) } });
  const reached = async (version: string) => (await speak(edge.at(), [...as(door.client), version])).reached;
  for (const version of VERSIONS) expect(await reached(version)).toBe(false);
  await edge.reload({ crl: await root.revocationList() });
  for (const version of VERSIONS) expect(await reached(version)).toBe(true);
  await edge.stop();
});
