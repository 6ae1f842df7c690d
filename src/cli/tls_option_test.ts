// What --ca, --cert and --key name is looked at before anything is dialed.
import { afterAll, beforeAll, expect, test } from "vitest";
import { newAuthority, newLeaf } from "../pki/profile.ts";
import { readTls } from "./tls_option.ts";

let dir: string;
beforeAll(async () => {
  dir = await Deno.makeTempDir();
  const validity = { notBefore: new Date(0), notAfter: new Date(2 ** 41) };
  const ca = await newAuthority("CA", validity);
  const leaf = () => newLeaf(ca, { ...validity, commonName: "me", names: ["dns:me"], use: "client" });
  const [mine, other] = [await leaf(), await leaf()];
  const files = {
    "ca.pem": ca.certificatePem,
    "me.pem": mine.certificatePem,
    "me.key": mine.privateKeyPem,
    "other.key": other.privateKeyPem,
  };
  for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${dir}/${name}`, text);
});
afterAll(() => Deno.remove(dir, { recursive: true }));

const read = (ca: string, cert?: string, key?: string) => {
  const path = (name?: string) => name && `${dir}/${name}`;
  return readTls({ ca: path(ca), cert: path(cert), key: path(key) }, "tls://localhost:1");
};

test("files that fit together are taken", async () => {
  expect(await read("ca.pem", "me.pem", "me.key")).toMatchObject({ cert: expect.stringContaining("BEGIN") });
});

test.each([
  [/go together/, "ca.pem", "me.pem", undefined],
  [/no certificate in what --ca gives/, "me.key", "me.pem", "me.key"],
  [/isn't that of the certificate/, "ca.pem", "me.pem", "other.key"],
  [/no private key/, "ca.pem", "me.pem", "ca.pem"],
])("those that don't are a wrong argument, with what to give: %s", async (pattern, ca, cert, key) => {
  await expect(read(ca, cert, key)).rejects.toMatchObject({
    code: "bad-argument",
    message: expect.stringMatching(pattern),
    next: expect.stringMatching(/^give /),
  });
});
