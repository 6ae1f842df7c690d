// What the services know of signing: names of keys, data in, signatures out.
// Must never know a private key, nor how the signer is reached.
import { status } from "@grpc/grpc-js";
import type { Key } from "../proto/mod.ts";

/** Why the signer did not do it: a gRPC status that may be handed to the caller as it is. */
export class SignerError extends Error {
  override readonly name = "SignerError";

  constructor(readonly code: status, message: string) {
    super(message);
  }
}

export interface Signer {
  /**
   * Hashes and signs.
   * @param key such as "default-rsa"
   * @param algorithm one of `Algorithm`
   * @param data must not change before the promise is settled
   * @returns RSA: as long as the modulus; ECDSA: DER (RFC 3279, 2.2.3)
   * @throws SignerError NOT_FOUND (key), INVALID_ARGUMENT (algorithm, data), RESOURCE_EXHAUSTED (too much waits),
   * UNAVAILABLE (no signer, or it went away with this in flight), DEADLINE_EXCEEDED
   */
  sign(key: string, algorithm: number, data: Uint8Array): Promise<Uint8Array>;
  /** SubjectPublicKeyInfo (RFC 5280, 4.1.2.7), DER. @throws SignerError NOT_FOUND, UNAVAILABLE */
  publicKey(key: string): Promise<Uint8Array>;
  /** Public halves only. @throws SignerError UNAVAILABLE */
  keys(): Promise<Key[]>;
  /** Whether signing works now. */
  readonly healthy: boolean;
  /** Calls back at every change of `healthy`. */
  onHealth(callback: (healthy: boolean) => void): void;
  /** What is in flight gets UNAVAILABLE. */
  close(): Promise<void>;
}
