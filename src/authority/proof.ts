// A proof as it travels (proto/gatehouse/v1/access.proto), for both sides; signed_bytes.ts has what it signs.
// Must never take for a proof what has other lengths than one.
import { Buffer } from "node:buffer";
import { messageType, type Proof, type ProofInit } from "../proto/mod.ts";

export { signedBytes, type SignedParts } from "./signed_bytes.ts";

/** The metadata key that carries a Proof. */
export const PROOF_METADATA = "gatehouse-proof-bin";

/**
 * The metadata key by which the gateway says what a proof of HTTP was made over. Believed of its connections only, and
 * taken out of what its callers send.
 */
export const HTTP_REQUEST_METADATA = "gatehouse-http-request-bin";

/** Bytes of a nonce, of a key's id (SHA-256), and of a signature of either algorithm. */
export const NONCE_BYTES = 32;
const KEY_ID_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** Three fields with their tags and lengths: what is longer is no proof. */
const MAX_PROOF_BYTES = NONCE_BYTES + KEY_ID_BYTES + SIGNATURE_BYTES + 16;

const message = messageType<ProofInit, Proof>("gatehouse.v1.Proof");

export const encodeProof = (proof: ProofInit): Buffer => message.serialize(proof);

/** Undefined when the bytes are no proof whose parts have their lengths. */
export function decodeProof(bytes: Buffer): Proof | undefined {
  if (bytes.length > MAX_PROOF_BYTES) return undefined;
  try {
    const proof = message.deserialize(bytes);
    const whole = proof.nonce.length === NONCE_BYTES && proof.key_id.length === KEY_ID_BYTES &&
      proof.signature.length === SIGNATURE_BYTES;
    return whole ? proof : undefined;
  } catch {
    return undefined;
  }
}

/** SHA-256 */
const DIGEST_BYTES = 32;

/** @param target "POST /v1/keys?x=y" @param digest of the body's bytes */
export function encodeHttpRequest(target: string, digest: Uint8Array): Buffer {
  return Buffer.concat([digest, Buffer.from(target)]);
}

/** What encodeHttpRequest() was given, as ProofCheck takes it. */
export function decodeHttpRequest(bytes: Buffer): { path: string; request: { digest: Uint8Array } } {
  return {
    path: bytes.subarray(DIGEST_BYTES).toString(),
    request: { digest: Uint8Array.from(bytes.subarray(0, DIGEST_BYTES)) },
  };
}
