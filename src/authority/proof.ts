// A proof as it travels and what its signature is made over (proto/gatehouse/v1/access.proto), for both sides.
// Must never be changed without another version word: both sides sign and verify these very bytes.
import { Buffer } from "node:buffer";
import { messageType, type Proof, type ProofInit } from "../proto/mod.ts";

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

const VERSION = "gatehouse-proof-v1";

const message = messageType<ProofInit, Proof>("gatehouse.v1.Proof");

export interface SignedParts {
  readonly instanceId: string;
  /** "/gatehouse.v1.Config/Apply" */
  readonly path: string;
  readonly nonce: Uint8Array;
  /** SHA-256 of the request message. */
  readonly digest: Uint8Array;
}

/** What is signed. Neither an instance id nor a path holds a zero byte, and the rest has a fixed length. */
export function signedBytes({ instanceId, path, nonce, digest }: SignedParts): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.concat([Buffer.from(`${VERSION}\0${instanceId}\0${path}\0`), nonce, digest]));
}

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
