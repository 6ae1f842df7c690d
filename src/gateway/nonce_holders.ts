// Who holds the nonces of proofs that come by HTTP: a local caller, not one of his connections, of which a browser opens
// several and can't choose one. Must never grow with the number of connections.
import type { Peer } from "../grpc/conn.ts";
import { peerKey } from "../grpc/peer_key.ts";
import { MAX_NONCE_HOLDERS } from "./http/limits.ts";

export class NonceHolders {
  /** By peerKey(), the one that was asked for last at the end. */
  readonly #holders = new Map<string, object>();

  /** By TCP nobody proves anything: there it is the connection's own. */
  of(peer: Peer): object {
    if (peer.transport === "tcp") return {};
    const key = peerKey(peer);
    const holder = this.#holders.get(key) ?? {};
    this.#holders.delete(key);
    this.#holders.set(key, holder);
    if (this.#holders.size > MAX_NONCE_HOLDERS) {
      const [oldest] = this.#holders.keys();
      this.#holders.delete(oldest);
    }
    return holder;
  }
}
