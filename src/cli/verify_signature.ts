// Checks a signature against a public key on this side, so that nobody has to
// believe the server.
import { Buffer } from "node:buffer";
import { constants, type KeyObject, verify } from "node:crypto";
import type { CryptoSigningAlgorithm } from "../proto/mod.ts";
import { readPublicKey } from "./public_key.ts";

/** RFC 8017, 9.1: as long as the digest. */
const PSS_SALT_BYTES = 32;
/** Bytes of r||s (IEEE P1363) by the curve, as the library names it. */
const RAW_SIGNATURE_BYTES: Record<string, number> = { prime256v1: 64, secp384r1: 96 };

/**
 * @param publicKey in any form that readPublicKey() knows
 * @param signature ECDSA as DER (RFC 3279, 2.2.3) or, from a server in seed mode, as r||s
 * @throws GatehouseError when the key can't be read
 */
export function verifySignature(
  algorithm: keyof typeof CryptoSigningAlgorithm,
  publicKey: Uint8Array,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  const { key, seedForm } = readPublicKey(publicKey);
  // The seed's server signs SHA-384 under this name.
  const sha384 = algorithm.endsWith("SHA384") || (seedForm && algorithm === "ECDSA_P384_SHA256");
  const digest = sha384 ? "sha384" : "sha256";
  if (algorithm.startsWith("ECDSA") !== (key.asymmetricKeyType === "ec")) return false;
  if (algorithm.startsWith("ECDSA")) return verifyEcdsa(digest, key, data, signature);
  return algorithm === "RSA_PSS_SHA256"
    ? verify(
      digest,
      data,
      { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: PSS_SALT_BYTES },
      signature,
    )
    : verify(digest, data, key, signature);
}

function verifyEcdsa(digest: string, key: KeyObject, data: Uint8Array, signature: Uint8Array): boolean {
  if (verify(digest, data, { key, dsaEncoding: "der" }, signature)) return true;
  const curve = key.asymmetricKeyDetails?.namedCurve ?? "";
  return signature.length === RAW_SIGNATURE_BYTES[curve] &&
    verify(digest, data, { key, dsaEncoding: "ieee-p1363" }, signature);
}

/** A SubjectPublicKeyInfo as PEM (RFC 7468, 13). */
export function publicKeyPem(spki: Uint8Array): string {
  const base64 = Buffer.from(spki).toString("base64").replace(/(.{64})(?=.)/g, "$1\n");
  return `-----BEGIN PUBLIC KEY-----\n${base64}\n-----END PUBLIC KEY-----`;
}
