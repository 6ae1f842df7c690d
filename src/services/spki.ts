// What a SubjectPublicKeyInfo (RFC 5280, 4.1.2.7) holds, and its text.
// Must never be given a private key.
import { Buffer } from "node:buffer";
import { expectElement } from "./der.ts";

const SEQUENCE = 0x30;
const BIT_STRING = 0x03;

/**
 * What is in its BIT STRING: RSAPublicKey (RFC 8017, A.1.1), an uncompressed point (SEC 1, 2.3.3), or 32 bytes of Ed25519.
 * @throws RangeError when it is no such thing
 */
export function publicBits(spki: Uint8Array): Uint8Array {
  const { content } = expectElement(spki, SEQUENCE);
  const algorithm = expectElement(content, SEQUENCE);
  // The first byte counts unused bits: none.
  return expectElement(content, BIT_STRING, algorithm.end).content.slice(1);
}

/** As PEM (RFC 7468, 13), without a newline at its end. */
export function publicKeyPem(spki: Uint8Array): string {
  const base64 = Buffer.from(spki).toString("base64").replace(/(.{64})(?=.)/g, "$1\n");
  return `-----BEGIN PUBLIC KEY-----\n${base64}\n-----END PUBLIC KEY-----`;
}
