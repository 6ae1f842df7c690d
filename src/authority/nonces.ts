// Nonces of challenges: each good once, on one connection (by HTTP: for one caller), for a short time.
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
/**
 * The same of a caller by HTTP, who may be all clients of a Unix socket: the oldest gives way, so that none of them can
 * keep another from a challenge that he uses at once.
 */
export const MAX_HTTP_NONCES = 512;

/** Who holds them. */
const holderOf = (peer: Peer): object => peer.http?.nonces ?? peer;

export class Nonces {
  /** By holder: hexadecimal nonce -> when it ends, in the order of their making. */
  readonly #outstanding = new WeakMap<object, Map<string, number>>();

  constructor(private readonly clock: Clock) {}

  /** A new one for this connection; undefined when it holds too many. */
  make(peer: Peer): Uint8Array | undefined {
    const nowMs = this.clock.nowMs();
    const holder = holderOf(peer);
    let own = this.#outstanding.get(holder);
    if (own === undefined) this.#outstanding.set(holder, own = new Map());
    for (const [nonce, endsMs] of own) {
      if (endsMs > nowMs) break;
      own.delete(nonce);
    }
    if (peer.http !== undefined) dropOldest(own, MAX_HTTP_NONCES);
    else if (own.size >= MAX_NONCES) return undefined;
    const nonce = randomBytes(NONCE_BYTES);
    own.set(nonce.toString("hex"), nowMs + NONCE_LIFETIME_MS);
    return nonce;
  }

  /** Whether it could be used now. Its comparison leaks nothing: only its holder was ever told it. */
  has(peer: Peer, nonce: Uint8Array): boolean {
    const endsMs = this.#outstanding.get(holderOf(peer))?.get(Buffer.from(nonce).toString("hex"));
    return endsMs !== undefined && endsMs > this.clock.nowMs();
  }

  /** Uses it up. False: it was never this holder's, is used, or is too old. */
  take(peer: Peer, nonce: Uint8Array): boolean {
    const good = this.has(peer, nonce);
    this.#outstanding.get(holderOf(peer))?.delete(Buffer.from(nonce).toString("hex"));
    return good;
  }
}

/** Makes room for one more. */
function dropOldest(nonces: Map<string, number>, most: number): void {
  if (nonces.size < most) return;
  const [oldest] = nonces.keys();
  nonces.delete(oldest);
}
