// Checks a signature against a public key on this side, so that nobody has to
// believe the server.
import { Buffer } from "node:buffer";
import { constants, createPublicKey, verify } from "node:crypto";
import type { SigningAlgorithm } from "../proto/mod.ts";

/** RFC 8017, 9.1: as long as the digest. */
const PSS_SALT_BYTES = 32;

/**
 * @param publicKey SubjectPublicKeyInfo, PEM or DER
 * @param signature ECDSA as DER (RFC 3279, 2.2.3)
 * @throws Error when the key can't be read
 */
export function verifySignature(
  algorithm: keyof typeof SigningAlgorithm,
  publicKey: Uint8Array,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  const pem = publicKey[0] === "-".charCodeAt(0);
  const key = createPublicKey(
    pem
      ? { key: Buffer.from(publicKey), format: "pem" }
      : { key: Buffer.from(publicKey), format: "der", type: "spki" },
  );
  const digest = algorithm.endsWith("SHA384") ? "sha384" : "sha256";
  if (algorithm.startsWith("ECDSA") !== (key.asymmetricKeyType === "ec")) return false;
  return algorithm === "RSA_PSS_SHA256"
    ? verify(
      digest,
      data,
      { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: PSS_SALT_BYTES },
      signature,
    )
    : verify(digest, data, key, signature);
}

/** A SubjectPublicKeyInfo as PEM (RFC 7468, 13). */
export function publicKeyPem(spki: Uint8Array): string {
  const base64 = Buffer.from(spki).toString("base64").replace(/(.{64})(?=.)/g, "$1\n");
  return `-----BEGIN PUBLIC KEY-----\n${base64}\n-----END PUBLIC KEY-----`;
}
