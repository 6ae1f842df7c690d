// A signature as `gatehouse sign` writes it, and which of ECDSA's two forms it has. Pure.
import { Buffer } from "node:buffer";
import { EcdsaEncoding } from "../../proto/mod.ts";

/** Base64 and hex are told from raw bytes by their letters: a raw signature of only those is out of reach. */
export function decodeSignature(file: Uint8Array): Uint8Array {
  const text = new TextDecoder("latin1").decode(file).trim();
  if (/^([0-9a-f]{2})+$/i.test(text)) return new Uint8Array(Buffer.from(text, "hex"));
  if (/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return new Uint8Array(Buffer.from(text, "base64"));
  return file;
}

/** r||s has no sign of its own: what has the frame of DER's SEQUENCE (X.690, 8.1) is DER, and one in 30,000 of r||s has it too. */
export function guessEncoding(signature: Uint8Array): number {
  const [tag, length, long] = signature;
  const framed = tag === 0x30 &&
    (length === signature.length - 2 || (length === 0x81 && long === signature.length - 3));
  return framed ? EcdsaEncoding.DER : EcdsaEncoding.RAW;
}
