// IP addresses as bytes, and networks of them: parsed from text and written back from
// the bytes, so that what is written was understood. Opens nothing, resolves no name.
import { isIPv4, isIPv6 } from "node:net";

export interface IpAddress {
  readonly version: 4 | 6;
  /** 4 or 16 bytes, in network order. */
  readonly bytes: Uint8Array;
}

function shortest(v6: string): string {
  return new URL(`http://[${v6}]/`).hostname.slice(1, -1);
}

/** An address together with the length of its network's prefix, as on an interface. */
export interface InterfaceAddress {
  readonly ip: IpAddress;
  /** 0 to 32, or to 128. */
  readonly prefixBits: number;
}

/** Undefined for anything else than one address: a zone ("%eth0") is a machine's own matter. */
export function parseIp(text: string): IpAddress | undefined {
  if (isIPv4(text)) return { version: 4, bytes: Uint8Array.from(text.split("."), Number) };
  if (!isIPv6(text) || text.includes("%")) return undefined;
  // The URL standard writes every IPv6 address in one way, without an IPv4 tail.
  const [head, tail] = shortest(text).split("::").map((half) => half === "" ? [] : half.split(":"));
  const groups = tail === undefined
    ? head
    : [...head, ...new Array(8 - head.length - tail.length).fill("0"), ...tail];
  return {
    version: 6,
    bytes: Uint8Array.from(
      groups.map((group) => Number.parseInt(group, 16)).flatMap((n) => [n >> 8, n & 0xff]),
    ),
  };
}

/** The one canonical text of an address (RFC 5952 for IPv6). */
export function formatIp({ version, bytes }: IpAddress): string {
  if (version === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[2 * i] << 8 | bytes[2 * i + 1]).toString(16));
  return shortest(groups.join(":"));
}

/** Reads "192.0.2.10/24" or "2001:db8::10/64"; undefined for anything else. */
export function parseInterfaceAddress(text: string): InterfaceAddress | undefined {
  const [, address, bits] = /^([^/]+)\/(0|[1-9][0-9]{0,2})$/.exec(text) ?? [];
  const ip = address === undefined ? undefined : parseIp(address);
  if (ip === undefined || Number(bits) > ip.bytes.length * 8) return undefined;
  return { ip, prefixBits: Number(bits) };
}

export function formatInterfaceAddress({ ip, prefixBits }: InterfaceAddress): string {
  return `${formatIp(ip)}/${prefixBits}`;
}

/** Whether `ip` lies in the network of `of`. */
export function inNetwork(ip: IpAddress, { ip: { version, bytes }, prefixBits }: InterfaceAddress): boolean {
  if (ip.version !== version) return false;
  return bytes.every((byte, i) => {
    const bits = Math.min(8, Math.max(0, prefixBits - 8 * i));
    const mask = 0xff << (8 - bits) & 0xff;
    return (byte & mask) === (ip.bytes[i] & mask);
  });
}

const network = (text: string): InterfaceAddress => {
  const parsed = parseInterfaceAddress(text);
  if (parsed === undefined) throw new Error(`${text} is no network`);
  return parsed;
};

/** Addresses that no interface of ours can have, nor any other machine answer at: RFC 6890 and RFC 4291, 2.5 and 2.7. */
const NOT_UNICAST = [
  ...["0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4"],
  // Unspecified and loopback; IPv4 in IPv6's clothes; multicast.
  ...["::/127", "::ffff:0:0/96", "ff00::/8"],
].map(network);

const LINK_LOCAL = network("fe80::/10");

/** Whether another machine could be reached at it. */
export function isUnicast(ip: IpAddress): boolean {
  return !NOT_UNICAST.some((range) => inNetwork(ip, range));
}

/** Whether it is an IPv6 address that is on every link (RFC 4291, 2.5.6). */
export function isLinkLocalV6(ip: IpAddress): boolean {
  return inNetwork(ip, LINK_LOCAL);
}

/** Whether it is the name of an IPv4 network, or its broadcast address, and so no host's. */
export function isNetworkOrBroadcast({ ip, prefixBits }: InterfaceAddress): boolean {
  // RFC 3021: with 31 bits both addresses are hosts'.
  if (ip.version !== 4 || prefixBits > 30) return false;
  const host = new DataView(ip.bytes.buffer, ip.bytes.byteOffset).getUint32(0) % 2 ** (32 - prefixBits);
  return host === 0 || host === 2 ** (32 - prefixBits) - 1;
}
