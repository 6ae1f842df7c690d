// The seed server's bytes, for `compat = "seed"`: signatures as r||s, public
// keys as PKCS#1 (RSA) or a bare point (EC). docs/compatibility.md has the list.
import { expectElement } from "./der.ts";

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const BIT_STRING = 0x03;

/** An ECDSA signature from DER (RFC 3279, 2.2.3) to r||s (IEEE P1363), each of `scalarBytes` bytes. */
export function rawSignature(der: Uint8Array, scalarBytes: number): Uint8Array {
  const { content } = expectElement(der, SEQUENCE);
  const r = expectElement(content, INTEGER);
  const s = expectElement(content, INTEGER, r.end);
  const raw = new Uint8Array(2 * scalarBytes);
  place(r.content, raw, scalarBytes);
  place(s.content, raw, 2 * scalarBytes);
  return raw;
}

/** Right-aligns an INTEGER's magnitude so that it ends at `end`. */
function place(integer: Uint8Array, into: Uint8Array, end: number): void {
  const magnitude = integer[0] === 0 ? integer.subarray(1) : integer;
  into.set(magnitude, end - magnitude.length);
}

/** A SubjectPublicKeyInfo's inside: RSAPublicKey (RFC 8017, A.1.1) or the uncompressed point (SEC 1, 2.3.3). */
export function seedPublicKey(spki: Uint8Array): Uint8Array {
  const { content } = expectElement(spki, SEQUENCE);
  const algorithm = expectElement(content, SEQUENCE);
  const bits = expectElement(content, BIT_STRING, algorithm.end).content;
  return bits.slice(1); // the first byte counts unused bits: none
}
