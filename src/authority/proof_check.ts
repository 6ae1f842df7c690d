// Whether a proof is good: its nonce, its key, its signature over this very call.
// Must never let a nonce be used twice, nor spend more on bad proofs than one connection's allowance, nor show by the
// moment, the cost or the words of a refusal whether a key is enrolled.
import type { Buffer } from "node:buffer";
import { generateKeyPairSync } from "node:crypto";
import type { Clock } from "../grpc/clock.ts";
import type { Peer } from "../grpc/conn.ts";
import { TokenBucket } from "../http2/token_bucket.ts";
import type { Proof } from "../proto/mod.ts";
import type { RoleNumber } from "./identity.ts";
import type { Nonces } from "./nonces.ts";
import { decodeProof, signedBytes } from "./proof.ts";
import { type PublicKey, readPublicKey } from "./public_key.ts";
import type { Rule } from "./refusals.ts";

/** Proofs of one connection at once, and then each second: a signature costs 0.5 ms to check, a bad one as much as a good one. */
export const PROOF_BURST = 32;
const PROOFS_PER_SECOND = 16;

/** A key that may prove something. */
export interface EnrolledKey {
  readonly name: string;
  readonly role: RoleNumber;
  readonly key: PublicKey;
}

export interface EnrolledKeys {
  /** The list can't be read: nobody may prove anything. */
  readonly damaged: boolean;
  find(keyId: Uint8Array): EnrolledKey | undefined;
}

/** The call that a proof came with. */
export interface ProvenCall {
  readonly peer: Peer;
  /** What was signed as the path. */
  readonly path: string;
  /** What was signed: the request message as it came, or the SHA-256 of what came in its place. */
  readonly request: Uint8Array | { readonly digest: Uint8Array };
}

export class ProofCheck {
  readonly #buckets = new WeakMap<Peer, TokenBucket>();
  #decoy: Promise<PublicKey> | undefined;

  constructor(
    private readonly instanceId: string,
    private readonly keys: EnrolledKeys,
    private readonly nonces: Nonces,
    private readonly clock: Clock,
  ) {}

  /** What can be refused before the request's body is read. Counts against the connection's allowance. */
  refusedEarly(peer: Peer, bytes: Buffer): Rule | undefined {
    const outcome = this.#read(peer, bytes);
    if (typeof outcome === "string") return outcome;
    return this.#bucketOf(peer).take(1, this.clock.nowMs()) ? undefined : "TOO_MANY_PROOFS";
  }

  /** The key that made the proof for this call, which refusedEarly() let in, or the rule that refuses it. */
  async verify({ peer, path, request }: ProvenCall, bytes: Buffer): Promise<EnrolledKey | Rule> {
    const proof = this.#read(peer, bytes);
    if (typeof proof === "string") return proof;
    // Before the first wait: of two calls with one nonce the second finds it gone.
    if (!this.nonces.take(peer, proof.nonce)) return "NONCE_UNKNOWN";
    const digest = "digest" in request
      ? request.digest
      : new Uint8Array(await crypto.subtle.digest("SHA-256", Uint8Array.from(request)));
    const signed = signedBytes({ instanceId: this.instanceId, path, nonce: proof.nonce, digest });
    const key = this.keys.find(proof.key_id)?.key ?? await this.#anyKey();
    if (!await key.verifies(proof.signature, signed)) return "PROOF_INVALID";
    // It may have been removed meanwhile.
    return this.keys.find(proof.key_id) ?? "PROOF_INVALID";
  }

  /** Whether that key is enrolled still, as it was. */
  stands(enrolled: EnrolledKey): boolean {
    return !this.keys.damaged && this.keys.find(enrolled.key.keyId) === enrolled;
  }

  #read(peer: Peer, bytes: Buffer): Proof | Rule {
    if (this.keys.damaged) return "ADMINS_DAMAGED";
    const proof = decodeProof(bytes);
    if (proof === undefined) return "PROOF_INVALID";
    return this.nonces.has(peer, proof.nonce) ? proof : "NONCE_UNKNOWN";
  }

  /** Whose private half nobody has: a proof under a key that isn't enrolled costs what another bad one costs. */
  #anyKey(): Promise<PublicKey> {
    return this.#decoy ??= readPublicKey(
      generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "der" }),
    );
  }

  #bucketOf(peer: Peer): TokenBucket {
    let bucket = this.#buckets.get(peer);
    if (bucket === undefined) {
      bucket = new TokenBucket(PROOF_BURST, PROOFS_PER_SECOND, this.clock.nowMs());
      this.#buckets.set(peer, bucket);
    }
    return bucket;
  }
}
