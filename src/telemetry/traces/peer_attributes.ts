// Who called, in the words of OpenTelemetry's network conventions.
// Must never say more of a caller than the log does.
import type { Peer } from "../../grpc/conn.ts";
import type { Attributes } from "./span.ts";

/** `tcp://host:port`, the host of IPv6 in brackets. */
const TCP = /^tcp:\/\/\[?(.+?)\]?:([0-9]+)$/;

export function peerAttributes(peer: Peer): Attributes {
  let attributes = known.get(peer);
  if (attributes === undefined) known.set(peer, attributes = attributesOf(peer));
  return attributes;
}

/** A connection's calls have one Peer. */
const known = new WeakMap<Peer, Attributes>();

function attributesOf({ transport, address, cid }: Peer): Attributes {
  if (cid !== undefined) return { "network.transport": transport, "network.peer.address": String(cid) };
  const match = TCP.exec(address);
  if (match === null) return { "network.transport": transport };
  const [, host, port] = match;
  return { "network.transport": transport, "network.peer.address": host, "network.peer.port": Number(port) };
}
