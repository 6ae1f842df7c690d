// The seed server's signatures, for `compat = "seed"`: r||s. Its public keys are what is in a SubjectPublicKeyInfo
// (spki.ts). docs/compatibility.md has the list.
import { expectElement } from "./der.ts";

const SEQUENCE = 0x30;
const INTEGER = 0x02;

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
