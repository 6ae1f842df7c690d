// Nonces of challenges: each good once, on one connection, for a short time.
// Must never hold more for a connection than its bound, nor anything once the connection is gone.
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import type { Clock } from "../grpc/clock.ts";
import type { Peer } from "../grpc/conn.ts";
import { NONCE_BYTES } from "./proof.ts";

/** From the challenge to the call: a client asks and calls at once. Nonces kept to be used by another later. */
export const NONCE_LIFETIME_MS = 30_000;
/** Of one connection, not used and not too old: a client has few calls of administration at once. Memory. */
export const MAX_NONCES = 16;

export class Nonces {
  /** By connection: hexadecimal nonce -> when it ends, in the order of their making. */
  readonly #outstanding = new WeakMap<Peer, Map<string, number>>();

  constructor(private readonly clock: Clock) {}

  /** A new one for this connection; undefined when it holds too many. */
  make(peer: Peer): Uint8Array | undefined {
    const nowMs = this.clock.nowMs();
    let own = this.#outstanding.get(peer);
    if (own === undefined) this.#outstanding.set(peer, own = new Map());
    for (const [nonce, endsMs] of own) {
      if (endsMs > nowMs) break;
      own.delete(nonce);
    }
    if (own.size >= MAX_NONCES) return undefined;
    const nonce = randomBytes(NONCE_BYTES);
    own.set(nonce.toString("hex"), nowMs + NONCE_LIFETIME_MS);
    return nonce;
  }

  /** Whether it could be used now. Its comparison leaks nothing: only this connection was ever told it. */
  has(peer: Peer, nonce: Uint8Array): boolean {
    const endsMs = this.#outstanding.get(peer)?.get(Buffer.from(nonce).toString("hex"));
    return endsMs !== undefined && endsMs > this.clock.nowMs();
  }

  /** Uses it up. False: it was never this connection's, is used, or is too old. */
  take(peer: Peer, nonce: Uint8Array): boolean {
    const good = this.has(peer, nonce);
    this.#outstanding.get(peer)?.delete(Buffer.from(nonce).toString("hex"));
    return good;
  }
}
