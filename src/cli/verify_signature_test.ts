import { constants, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { expect, it } from "vitest";
import { publicBits } from "../services/spki.ts";
import { verifySignature } from "./verify_signature.ts";

interface Pair {
  publicKey: KeyObject;
  privateKey: KeyObject;
}

const rsa: Pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
const p256: Pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
const p384: Pair = generateKeyPairSync("ec", { namedCurve: "P-384" });
const p521: Pair = generateKeyPairSync("ec", { namedCurve: "P-521" });
const ed25519: Pair = generateKeyPairSync("ed25519");
const DATA = new TextEncoder().encode("signed");
const OTHER = new TextEncoder().encode("signet");

const spki = ({ publicKey }: Pair) =>
  new Uint8Array(publicKey.export({ type: "spki", format: "der" }) as Uint8Array);
const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };

it.each(
  [
    ["RSA_PKCS1_SHA256", rsa, sign("sha256", DATA, rsa.privateKey)],
    ["RSA_PSS_SHA256", rsa, sign("sha256", DATA, { key: rsa.privateKey, ...pss })],
    ["ECDSA_P256_SHA256", p256, sign("sha256", DATA, p256.privateKey)],
    ["ECDSA_P384_SHA256", p384, sign("sha256", DATA, p384.privateKey)],
    ["ECDSA_P384_SHA384", p384, sign("sha384", DATA, p384.privateKey)],
    ["RSA_PKCS1_SHA384", rsa, sign("sha384", DATA, rsa.privateKey)],
    ["RSA_PKCS1_SHA512", rsa, sign("sha512", DATA, rsa.privateKey)],
    ["RSA_PSS_SHA384", rsa, sign("sha384", DATA, { key: rsa.privateKey, ...pss })],
    ["RSA_PSS_SHA512", rsa, sign("sha512", DATA, { key: rsa.privateKey, ...pss })],
    ["ECDSA_P521_SHA512", p521, sign("sha512", DATA, p521.privateKey)],
    ["EDDSA_ED25519", ed25519, sign(null, DATA, ed25519.privateKey)],
  ] as const,
)("%s of this data by this key is good, of other data it is not", async (algorithm, pair, signature) => {
  expect(await verifySignature(algorithm, spki(pair), DATA, signature)).toBe(true);
  expect(await verifySignature(algorithm, spki(pair), OTHER, signature)).toBe(false);
  expect(await verifySignature(algorithm, spki(pair), DATA, signature.subarray(1))).toBe(false);
});

const raw = (digest: string, pair: Pair) =>
  sign(digest, DATA, { key: pair.privateKey, dsaEncoding: "ieee-p1363" });

it.each(
  [
    ["ECDSA_P256_SHA256", p256, raw("sha256", p256)],
    // The seed signs SHA-384 under either name.
    ["ECDSA_P384_SHA256", p384, raw("sha384", p384)],
    ["ECDSA_P384_SHA384", p384, raw("sha384", p384)],
    ["RSA_PKCS1_SHA256", rsa, sign("sha256", DATA, rsa.privateKey)],
  ] as const,
)("%s with the seed's key and signature is good", async (algorithm, pair, signature) => {
  const key = publicBits(spki(pair));
  expect(await verifySignature(algorithm, key, DATA, signature)).toBe(true);
  expect(await verifySignature(algorithm, key, OTHER, signature)).toBe(false);
});

it("r||s is taken with an SPKI key too, under the algorithm's own name", async () => {
  expect(await verifySignature("ECDSA_P256_SHA256", spki(p256), DATA, raw("sha256", p256))).toBe(true);
  expect(await verifySignature("ECDSA_P384_SHA256", spki(p384), DATA, raw("sha384", p384))).toBe(false);
});

it("a key of another kind than the algorithm's never verifies", async () => {
  expect(await verifySignature("RSA_PSS_SHA256", spki(p256), DATA, raw("sha256", p256))).toBe(false);
  expect(await verifySignature("ECDSA_P256_SHA256", spki(rsa), DATA, sign("sha256", DATA, rsa.privateKey)))
    .toBe(
      false,
    );
});

it("a key on another curve than the algorithm's never verifies", async () => {
  const signature = sign("sha256", DATA, p384.privateKey);
  expect(await verifySignature("ECDSA_P256_SHA256", spki(p384), DATA, signature)).toBe(false);
});

it("PSS with a salt of another length than the digest's is no signature of ours", async () => {
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  const signature = sign("sha256", DATA, { key: rsa.privateKey, padding, saltLength: 20 });
  expect(await verifySignature("RSA_PSS_SHA256", spki(rsa), DATA, signature)).toBe(false);
});

it("data in parts is the same data", async () => {
  async function* parts(bytes: Uint8Array) {
    for (const byte of bytes) yield await Promise.resolve(Uint8Array.of(byte));
  }
  const signature = raw("sha256", p256);
  expect(await verifySignature("ECDSA_P256_SHA256", spki(p256), parts(DATA), signature)).toBe(true);
  expect(await verifySignature("ECDSA_P256_SHA256", spki(p256), parts(OTHER), signature)).toBe(false);
});

it("a JWK is a public key; a private one is not taken for one", async () => {
  const jwk = (key: KeyObject) => new TextEncoder().encode(JSON.stringify(key.export({ format: "jwk" })));
  const signature = sign("sha256", DATA, p256.privateKey);
  expect(await verifySignature("ECDSA_P256_SHA256", jwk(p256.publicKey), DATA, signature)).toBe(true);
  await expect(verifySignature("ECDSA_P256_SHA256", jwk(p256.privateKey), DATA, signature)).rejects.toThrow(
    /no public key/,
  );
});
