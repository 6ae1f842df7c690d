// Between the gate, which finds out who calls, and the handlers, which want to know.
// Must never cost a call of the hot path more than a look: what the transport says is kept by connection.
import type { Peer } from "../grpc/conn.ts";
import { peerOf } from "../grpc/peer_of.ts";
import type { Identity } from "./identity.ts";

const calls = new WeakMap<object, Identity>();
const peers = new WeakMap<Peer, () => Identity>();
const standings = new WeakMap<object, () => boolean>();

/**
 * For the guard only: `call` is that of `identity`, whatever its connection says.
 * @param stands whether what proved it is enrolled still
 */
export function setCaller(call: object, identity: Identity, stands?: () => boolean): void {
  calls.set(call, identity);
  if (stands !== undefined) standings.set(call, stands);
}

/** False once the key that proved `call` was removed: for what waited for its turn since. */
export function callerStands(call: object): boolean {
  return standings.get(call)?.() ?? true;
}

/**
 * For the policy only: calls of this connection are those of `identity`, unless they prove another. It is asked when
 * somebody wants to know: a request may take minutes to come, and rules change meanwhile.
 */
export function setPeerIdentity(peer: Peer, identity: () => Identity): void {
  peers.set(peer, identity);
}

/** Who calls; undefined for a call that no gate let in (another server's, a test's): give it the least rights. */
export function callerOf(call: object): Identity | undefined {
  const proven = calls.get(call);
  if (proven !== undefined) return proven;
  const peer = peerOf(call);
  return peer && peers.get(peer)?.();
}
