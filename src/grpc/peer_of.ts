// Who calls, for handlers that decide by transport.
// Must never be guessed from text: a call that is not of this server has no Peer.
import type { Peer } from "./conn.ts";

/** Under this key a call of this server holds its Peer. */
export const PEER = Symbol("peer");

/** The transport's own word on the caller. Undefined for a call of another server (grpc-js): give it the least rights. */
export function peerOf(call: object): Peer | undefined {
  return (call as { readonly [PEER]?: Peer })[PEER];
}
