import { generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sortKeys } from "./key_option.ts";

const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
let dir: string;
let pub: string;
let secret: string;
beforeAll(async () => {
  dir = await Deno.makeTempDir({ prefix: "gatehouse-keys-" });
  [pub, secret] = [join(dir, "key.pem"), join(dir, "key.key")];
  await Deno.writeTextFile(pub, publicKey.export({ type: "spki", format: "pem" }).toString());
  await Deno.writeTextFile(secret, privateKey.export({ type: "pkcs8", format: "pem" }).toString());
});
afterAll(() => Deno.remove(dir, { recursive: true }));

test("an id, and with a certificate the file of its key, in either order", async () => {
  expect(await sortKeys({ key: ["release"] }, false)).toEqual({ id: "release" });
  expect(await sortKeys({ key: [secret], cert: "ci.pem" }, false)).toEqual({ tlsKey: secret });
  for (const key of [["release", secret], [secret, "release"]]) {
    expect(await sortKeys({ key, cert: "ci.pem" }, false)).toEqual({ id: "release", tlsKey: secret });
  }
  expect(await sortKeys({}, true)).toEqual({});
});

test("a public key's file is one where that is of use", async () => {
  expect(Object.keys(await sortKeys({ key: [pub] }, true))).toEqual(["publicKey"]);
  await expect(sortKeys({ key: [pub] }, false)).rejects.toThrow(/no key's id/);
});

test("a private key's file without a certificate, two ids, and what is neither are refused", async () => {
  await expect(sortKeys({ key: [secret] }, true)).rejects.toThrow(/private key's file/);
  await expect(sortKeys({ key: ["one", "two"] }, false)).rejects.toThrow(/too many/);
  await expect(sortKeys({ key: ["one", pub] }, true)).rejects.toThrow(/too many/);
  await expect(sortKeys({ key: [join(dir, "none")] }, true)).rejects.toThrow(/neither/);
});
