// How many connections a server has, over all and of each peer, and whether one more may come.
// Must never let the network take the places that are kept for whoever administrates.
import type { Peer } from "./conn.ts";
import { LOCAL_CONNECTIONS, LOCAL_CONNECTIONS_PART } from "./limits.ts";
import { peerKey } from "./peer_key.ts";

/** Why a connection is refused, as the GOAWAY's debug string has it. */
export type NoPlace = "too_many_connections" | "too_many_connections_of_peer";

export class ConnectionPlaces {
  /** Of all, those that may come by TCP. */
  readonly #maxTcp: number;
  /** Connections by peerKey(); a peer without one has no entry. */
  readonly #peers = new Map<string, number>();
  #taken = 0;
  #tcpTaken = 0;

  /** @param maxPerPeer of an IPv4 address, an IPv6 network of 64 bits, a VSOCK context id, or a Unix socket */
  constructor(private readonly max: number, private readonly maxPerPeer: number) {
    this.#maxTcp = max - Math.min(LOCAL_CONNECTIONS, Math.floor(max * LOCAL_CONNECTIONS_PART));
  }

  /** Why this peer gets no place now; undefined when it does. */
  refusalOf(peer: Peer): NoPlace | undefined {
    if (this.#taken >= this.max) return "too_many_connections";
    if (peer.transport === "tcp" && this.#tcpTaken >= this.#maxTcp) return "too_many_connections";
    if ((this.#peers.get(peerKey(peer)) ?? 0) >= this.maxPerPeer) return "too_many_connections_of_peer";
    return undefined;
  }

  /** Takes a place, whatever refusalOf() says. @returns gives it back; once */
  take(peer: Peer): () => void {
    const key = peerKey(peer);
    const byTcp = peer.transport === "tcp" ? 1 : 0;
    this.#taken++;
    this.#tcpTaken += byTcp;
    this.#peers.set(key, (this.#peers.get(key) ?? 0) + 1);
    return () => {
      this.#taken--;
      this.#tcpTaken -= byTcp;
      const left = (this.#peers.get(key) ?? 1) - 1;
      if (left > 0) this.#peers.set(key, left);
      else this.#peers.delete(key);
    };
  }
}
