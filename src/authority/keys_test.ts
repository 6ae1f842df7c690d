// Keys as files have them, by the tools that write them: the reader's word against openssl's and ssh-keygen's.
import { Buffer } from "node:buffer";
import { generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../../tests/lib/command.ts";
import { makePrivateKeyPem, PrivateKeyError, readPrivateKey } from "./private_key.ts";
import { decodeProof } from "./proof.ts";
import { PublicKeyError, readPublicKey, readPublicKeyText } from "./public_key.ts";

let dir: string;
beforeAll(async () => {
  dir = await Deno.makeTempDir({ prefix: "gatehouse-keys-" });
});
afterAll(() => Deno.remove(dir, { recursive: true }));

const DATA = Uint8Array.of(1, 2, 3);

/** The private half signs, the public half verifies, and both have one id. */
async function fit(privateText: string, publicText: string): Promise<void> {
  const own = await readPrivateKey(privateText);
  const key = await readPublicKeyText(publicText);
  expect(Buffer.from(own.proving.keyId)).toEqual(Buffer.from(key.keyId));
  expect(await key.verifies(own.proving.sign(DATA), DATA)).toBe(true);
  expect(await key.verifies(own.proving.sign(DATA), Uint8Array.of(1, 2, 4))).toBe(false);
}

test("a key that is made here fits its public half", async () => {
  const pem = makePrivateKeyPem();
  await fit(pem, (await readPrivateKey(pem)).publicPem);
});

test("keys of openssl fit: Ed25519, and P-256 as PKCS#8 and as SEC 1", async ({ skip }) => {
  if ((await run("sh", ["-c", "command -v openssl"])).code !== 0) skip("openssl is missing");
  for (
    const make of [
      "genpkey -algorithm ed25519",
      "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256",
      "ecparam -name prime256v1 -genkey -noout",
    ]
  ) {
    const key = join(dir, "openssl.key");
    expect((await run("openssl", [...make.split(" "), "-out", key])).code).toBe(0);
    const { out } = await run("openssl", ["pkey", "-in", key, "-pubout"]);
    await fit(await Deno.readTextFile(key), out);
  }
});

test("a pair of ssh-keygen fits, and an encrypted one says what to do", async ({ skip }) => {
  if ((await run("sh", ["-c", "command -v ssh-keygen"])).code !== 0) skip("ssh-keygen is missing");
  const make = (name: string, passphrase: string) =>
    run("ssh-keygen", ["-q", "-t", "ed25519", "-C", "me@host", "-N", passphrase, "-f", join(dir, name)]);
  await make("plain", "");
  await fit(await Deno.readTextFile(join(dir, "plain")), await Deno.readTextFile(join(dir, "plain.pub")));
  await make("locked", "secret");
  await expect(readPrivateKey(await Deno.readTextFile(join(dir, "locked")))).rejects.toThrow(/ssh-keygen -p/);
});

test("what is no private key of a kind that is enrolled is refused with its reason", async () => {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = String(rsa.privateKey.export({ type: "pkcs8", format: "pem" }));
  await expect(readPrivateKey(pem)).rejects.toThrow("no Ed25519 or P-256 key");
  await expect(readPrivateKey((await readPrivateKey(makePrivateKeyPem())).publicPem)).rejects.toThrow(
    "public key",
  );
  await expect(readPrivateKey("hello")).rejects.toThrow("no private key in PEM");
  const cut = Buffer.from("openssh-key-v1\0\0\0\0\x04none\0\0\xff\xff", "latin1").toString("base64");
  await expect(readPrivateKey(`-----BEGIN OPENSSH PRIVATE KEY-----\n${cut}\n`)).rejects.toThrow("cut");
});

const hex = (text: string) => Buffer.from(text, "hex");
const ED25519 = "302a300506032b6570032100";

test.each([
  ["0000000000000000000000000000000000000000000000000000000000000000"],
  ["0100000000000000000000000000000000000000000000000000000000000080"],
  ["26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"],
  ["c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"],
  ["ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"],
  ["edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"],
])("the point %s, for which anybody can sign, is no key", async (point) => {
  await expect(readPublicKey(hex(ED25519 + point))).rejects.toThrow("anybody can sign");
});

test("public keys of other kinds and in other encodings are refused", async () => {
  const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" }).publicKey;
  const good = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey;
  const spki = good.export({ type: "spki", format: "der" });
  const offCurve = Buffer.from(spki);
  offCurve[offCurve.length - 1] ^= 1;
  const refused = [p384.export({ type: "spki", format: "der" }), offCurve, spki.subarray(1), Buffer.alloc(0)];
  for (const der of refused) await expect(readPublicKey(der)).rejects.toThrow();
  await expect(readPublicKey(Buffer.concat([spki, hex("00")]))).rejects.toThrow();
  await expect(readPublicKeyText(makePrivateKeyPem())).rejects.toThrow("neither PEM (BEGIN PUBLIC KEY)");
  await expect(readPublicKeyText("ssh-ed25519 AAAA")).rejects.toThrow("OpenSSH line");
});

test("whatever the bytes, a reader gives a key or says why not, and a proof is one or none", async () => {
  const armour = fc.constantFrom(
    "ssh-ed25519 ",
    "-----BEGIN PUBLIC KEY-----\n",
    "-----BEGIN OPENSSH PRIVATE KEY-----\n",
    "",
  );
  const magic = Buffer.from("openssh-key-v1\0\0\0\0\x04none", "latin1");
  await fc.assert(
    fc.asyncProperty(armour, fc.boolean(), fc.uint8Array({ maxLength: 300 }), async (begin, led, bytes) => {
      const text = begin + Buffer.concat([led ? magic : Buffer.alloc(0), bytes]).toString("base64");
      await readPublicKeyText(text).catch((error: unknown) => expect(error).toBeInstanceOf(PublicKeyError));
      await readPublicKey(bytes).catch((error: unknown) => expect(error).toBeInstanceOf(PublicKeyError));
      await readPrivateKey(text).catch((error: unknown) => expect(error).toBeInstanceOf(PrivateKeyError));
      decodeProof(Buffer.from(bytes));
    }),
  );
});
