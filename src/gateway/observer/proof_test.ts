// The page's proofs, read by the agent's own side.
import { Buffer } from "node:buffer";
import { createHash, createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { expect, test } from "vitest";
import { decodeProof } from "../../authority/proof.ts";
import { keyIdOf } from "../../authority/public_key.ts";
import { signedBytes } from "../../authority/signed_bytes.ts";
import { proofFor } from "./http_proof.ts";
import { readWebKey, WebKeyError } from "./web_key.ts";

const KINDS = [
  ["Ed25519", () => generateKeyPairSync("ed25519").privateKey],
  ["P-256", () => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey],
] as const;

test.each(KINDS)(
  "a proof by %s is whole, names its key and verifies over the request",
  async (kind, make) => {
    const privateKey = make();
    const key = await readWebKey(String(privateKey.export({ type: "pkcs8", format: "pem" })));
    expect(key.kind).toBe(kind);
    const nonce = Buffer.alloc(32, 7);
    const body = '{"pageSize":3}';
    const header = await proofFor(key, { nonce: nonce.toString("base64"), instanceId: "abc" }, {
      method: "POST",
      target: "/v1/keys?x=y",
      body,
    });
    const proof = decodeProof(Buffer.from(header, "base64"));
    const publicKey = createPublicKey(privateKey);
    expect(proof?.key_id).toEqual(Buffer.from(keyIdOf(publicKey.export({ type: "spki", format: "der" }))));
    expect(proof?.nonce).toEqual(nonce);
    const digest = createHash("sha256").update(body).digest();
    const signed = signedBytes({ instanceId: "abc", path: "POST /v1/keys?x=y", nonce, digest });
    const options = { key: publicKey, dsaEncoding: "ieee-p1363" as const };
    const hash = kind === "Ed25519" ? null : "sha256";
    expect(verify(hash, signed, options, proof?.signature ?? Buffer.alloc(0))).toBe(true);
    signed[signed.length - 1] ^= 1;
    expect(verify(hash, signed, options, proof?.signature ?? Buffer.alloc(0))).toBe(false);
  },
);

test.each([
  ["nothing", "", /no key in PEM/],
  ["a public key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", /public key/],
  [
    "an encrypted one",
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----",
    /encrypted/,
  ],
  [
    "OpenSSH's form",
    "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----",
    /OpenSSH/,
  ],
  ["SEC 1", "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----", /pkcs8/],
  ["bad base64", "-----BEGIN PRIVATE KEY-----\nA=AA\n-----END PRIVATE KEY-----", /can't be read/],
  ["no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", /no Ed25519 or P-256/],
  [
    "another curve",
    String(
      generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey.export({ type: "pkcs8", format: "pem" }),
    ),
    /no Ed25519 or P-256/,
  ],
])("%s is refused with what to do", async (_what, text, words) => {
  const refused = await readWebKey(text).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(WebKeyError);
  expect(String(refused)).toMatch(words);
});
