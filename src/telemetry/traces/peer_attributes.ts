// Who called, in the words of OpenTelemetry's network conventions.
// Must never say more of a caller than the log does.
import type { Peer } from "../../grpc/conn.ts";
import type { Attributes } from "./span.ts";

/** `tcp://host:port`, the host of IPv6 in brackets. */
const TCP = /^tcp:\/\/\[?(.+?)\]?:([0-9]+)$/;

export function peerAttributes({ transport, address, cid }: Peer): Attributes {
  if (cid !== undefined) return { "network.transport": transport, "network.peer.address": String(cid) };
  const match = TCP.exec(address);
  if (match === null) return { "network.transport": transport };
  const [, host, port] = match;
  return { "network.transport": transport, "network.peer.address": host, "network.peer.port": Number(port) };
}
