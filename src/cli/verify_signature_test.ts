import { constants, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { expect, it } from "vitest";
import { seedPublicKey } from "../services/seed_compat.ts";
import { verifySignature } from "./verify_signature.ts";

interface Pair {
  publicKey: KeyObject;
  privateKey: KeyObject;
}

const rsa: Pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
const p256: Pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
const p384: Pair = generateKeyPairSync("ec", { namedCurve: "P-384" });
const DATA = new TextEncoder().encode("signed");
const OTHER = new TextEncoder().encode("signet");

const spki = ({ publicKey }: Pair) =>
  new Uint8Array(publicKey.export({ type: "spki", format: "der" }) as Uint8Array);
const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };

it.each(
  [
    ["RSA_PKCS1_SHA256", rsa, sign("sha256", DATA, rsa.privateKey)],
    ["RSA_PSS_SHA256", rsa, sign("sha256", DATA, { key: rsa.privateKey, ...pss })],
    ["ECDSA_P256_SHA256", p256, sign("sha256", DATA, p256.privateKey)],
    ["ECDSA_P384_SHA256", p384, sign("sha256", DATA, p384.privateKey)],
    ["ECDSA_P384_SHA384", p384, sign("sha384", DATA, p384.privateKey)],
  ] as const,
)("%s of this data by this key is good, of other data it is not", (algorithm, pair, signature) => {
  expect(verifySignature(algorithm, spki(pair), DATA, signature)).toBe(true);
  expect(verifySignature(algorithm, spki(pair), OTHER, signature)).toBe(false);
  expect(verifySignature(algorithm, spki(pair), DATA, signature.subarray(1))).toBe(false);
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
)("%s with the seed's key and signature is good", (algorithm, pair, signature) => {
  const key = seedPublicKey(spki(pair));
  expect(verifySignature(algorithm, key, DATA, signature)).toBe(true);
  expect(verifySignature(algorithm, key, OTHER, signature)).toBe(false);
});

it("r||s is taken with an SPKI key too, under the algorithm's own name", () => {
  expect(verifySignature("ECDSA_P256_SHA256", spki(p256), DATA, raw("sha256", p256))).toBe(true);
  expect(verifySignature("ECDSA_P384_SHA256", spki(p384), DATA, raw("sha384", p384))).toBe(false);
});

it("a key of another kind than the algorithm's never verifies", () => {
  expect(verifySignature("RSA_PSS_SHA256", spki(p256), DATA, raw("sha256", p256))).toBe(false);
  expect(verifySignature("ECDSA_P256_SHA256", spki(rsa), DATA, sign("sha256", DATA, rsa.privateKey))).toBe(
    false,
  );
});
