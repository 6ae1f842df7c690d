// What the schema asks of [network] and [time]: addresses that a machine can have, gateways
// that it can reach, servers that it can find. Must never let a text pass that isn't understood.
import { PkiError } from "../../pki/error.ts";
import { canonicalName } from "../../pki/names.ts";
import type { RuleIssue } from "./addresses.ts";
import {
  formatInterfaceAddress,
  formatIp,
  inNetwork,
  isLinkLocalV6,
  isNetworkOrBroadcast,
  isUnicast,
  parseInterfaceAddress,
  parseIp,
} from "./ip.ts";

/** Addresses of one machine; each is a line that networkd reads. */
export const MAX_NETWORK_ADDRESSES = 16;
/** One for each version of IP. */
export const MAX_GATEWAYS = 2;
/** resolv.conf(5): MAXNS. */
export const MAX_DNS_SERVERS = 3;
/** Four find a liar (RFC 5905); more help nobody. */
export const MAX_TIME_SERVERS = 8;

/** Why `text` is no address of an interface; undefined when it is one. */
export function interfaceAddressIssue(text: string): RuleIssue | undefined {
  const next = 'write one like "192.0.2.10/24" or "2001:db8::10/64"';
  const address = parseInterfaceAddress(text);
  if (address === undefined) {
    return { message: "is no IP address with the length of its network's prefix", params: { next } };
  }
  if (address.prefixBits === 0 || !isUnicast(address.ip)) {
    return { message: `${formatInterfaceAddress(address)} can't be a machine's address`, params: { next } };
  }
  if (isNetworkOrBroadcast(address)) {
    const name = formatInterfaceAddress(address);
    return {
      message: `${name} is the network's own or its broadcast address, no machine's`,
      params: { next },
    };
  }
  return undefined;
}

/** Why `text` is no address of another machine; undefined when it is one. */
export function hostAddressIssue(text: string): RuleIssue | undefined {
  const ip = parseIp(text);
  if (ip !== undefined && isUnicast(ip)) return undefined;
  return {
    message: "is no IP address of another machine",
    params: { next: 'write one like "192.0.2.1" or "2001:db8::1"' },
  };
}

/** A time server's canonical name: an IP address or a DNS name; undefined when it is neither. */
export function timeServer(text: string): string | undefined {
  const ip = parseIp(text);
  if (ip !== undefined) return isUnicast(ip) ? formatIp(ip) : undefined;
  try {
    const name = canonicalName(`dns:${text}`).slice("dns:".length);
    return name.startsWith("*") ? undefined : name;
  } catch (error) {
    if (error instanceof PkiError) return undefined;
    throw error;
  }
}

/** Why `text` names no time server; undefined when it does. */
export function timeServerIssue(text: string): RuleIssue | undefined {
  if (timeServer(text) !== undefined) return undefined;
  return {
    message: "is neither a name nor an IP address",
    params: { next: 'write one like "time.example" or "192.0.2.123"' },
  };
}

export interface NetworkTexts {
  readonly addresses: readonly string[];
  readonly gateways: readonly string[];
  readonly dns: readonly string[];
}

/** Rules over [network] as a whole: nothing twice, one gateway for each version of IP, and each within reach. */
export function networkIssues({ addresses, gateways, dns }: NetworkTexts): RuleIssue[] {
  const interfaces = addresses.map(parseInterfaceAddress).filter((address) => address !== undefined);
  return [
    ...twiceIssues(
      "addresses",
      addresses.map((text) => canonical(text, parseInterfaceAddress, ({ ip }) => formatIp(ip))),
    ),
    ...twiceIssues("dns", dns.map((text) => canonical(text, parseIp, formatIp))),
    ...gateways.flatMap((text, index): RuleIssue[] => {
      const ip = parseIp(text);
      if (ip === undefined || !isUnicast(ip)) return [];
      const path = ["gateways", index];
      const other = gateways.slice(0, index).findIndex((before) => parseIp(before)?.version === ip.version);
      if (other >= 0) {
        const message = `gateways[${other}] is one for IPv${ip.version} already`;
        return [{ message, params: { next: "keep one for each version of IP" }, path }];
      }
      if (isLinkLocalV6(ip) || interfaces.some((address) => inNetwork(ip, address))) return [];
      return [{
        message: `${formatIp(ip)} is in none of the networks of network.addresses`,
        params: { next: "correct it, or the address whose gateway it is" },
        path,
      }];
    }),
  ];
}

/** Rules over the time servers: none twice, and none by name where no name can be looked up. */
export function timeIssues(servers: readonly string[], dns: readonly string[]): RuleIssue[] {
  const issues = twiceIssues("servers", servers.map((text) => timeServer(text)));
  const byName = servers.findIndex((text) => timeServer(text) !== undefined && parseIp(text) === undefined);
  if (byName >= 0 && dns.length === 0) {
    issues.push({
      message: `${timeServer(servers[byName])} is a name, and network.dns names no server to look it up`,
      params: { next: "fill network.dns, or name time servers by IP address" },
      path: ["servers", byName],
    });
  }
  return issues;
}

function canonical<T>(text: string, parse: (text: string) => T | undefined, format: (value: T) => string) {
  const parsed = parse(text);
  return parsed === undefined ? undefined : format(parsed);
}

function twiceIssues(list: string, names: readonly (string | undefined)[]): RuleIssue[] {
  return names.flatMap((name, index) => {
    if (name === undefined || names.indexOf(name) === index) return [];
    return [{
      message: `${name} is in the list twice`,
      params: { next: "remove one of the two" },
      path: [list, index],
    }];
  });
}
