// What counts as one peer where connections are counted.
// Must never let one caller be many by its choice of ports, of spellings, or of addresses in its own network.
import type { Peer } from "./conn.ts";

/** `tcp://host:port`, IPv6 in brackets, perhaps with a zone. */
const TCP_URL = /^tcp:\/\/(?:\[([^\]%]*)(?:%[^\]]*)?\]|(.*)):\d+$/;
/** 16-bit groups of an IPv6 address that name a network; the rest is its owner's to choose (RFC 4291, 2.5.4). */
const NETWORK_GROUPS = 4;
const GROUPS = 8;

/**
 * An IPv4 address, an IPv6 network of 64 bits, a VSOCK context id, or a Unix socket with all its clients. An IPv4
 * address mapped into IPv6 (RFC 4291, 2.5.5.2) is the IPv4 address.
 */
export function peerKey({ transport, address, cid }: Peer): string {
  if (transport === "vsock" && cid !== undefined) return `vsock ${cid}`;
  if (transport !== "tcp") return address;
  const [, ipv6, host] = TCP_URL.exec(address) ?? [];
  if (ipv6 === undefined) return `tcp ${host ?? address}`;
  const groups = groupsOf(ipv6);
  if (groups === undefined) return `tcp ${ipv6}`;
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return `tcp ${[groups[6] >> 8, groups[6] & 0xff, groups[7] >> 8, groups[7] & 0xff].join(".")}`;
  }
  const network = groups.slice(0, NETWORK_GROUPS).map((group) => group.toString(16));
  return `tcp ${network.join(":")}::/64`;
}

/** The eight groups of an IPv6 address in any of its spellings; undefined where it is none. */
function groupsOf(text: string): number[] | undefined {
  const url = `http://[${text}]/`;
  if (!URL.canParse(url)) return undefined;
  // The URL standard leaves one spelling: lower case, hexadecimal throughout, at most one "::".
  const [head, tail] = new URL(url).hostname.slice(1, -1).split("::").map((part) =>
    part === "" ? [] : part.split(":").map((group) => parseInt(group, 16))
  );
  if (tail === undefined) return head;
  return [...head, ...Array<number>(GROUPS - head.length - tail.length).fill(0), ...tail];
}
