// The rule for TCP without TLS: plain text stays on this machine unless the
// operator allows more by name. Decides only; listen() doesn't ask it.
import { type Address, formatAddress } from "./address.ts";

/**
 * True for a TCP address that only this machine can reach: `localhost` and names
 * under it (RFC 6761 section 6.3), 127.0.0.0/8, ::1, and 127.0.0.0/8 mapped into IPv6.
 */
export function isLoopback(address: Address): boolean {
  if (address.transport !== "tcp") return false;
  return isLoopbackHost(address.hostname);
}

/** isLoopback() for a host name or IP address alone. */
export function isLoopbackHost(hostname: string): boolean {
  if (/^(.*\.)?localhost\.?$/.test(hostname)) return true;
  const v4 = /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/;
  if (v4.test(hostname)) return true;
  if (!hostname.includes(":")) return false;
  const canonical = canonicalIPv6(hostname);
  return canonical === "::1" || /^::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}$/.test(canonical);
}

/** The shortest form of an IPv6 address (RFC 5952); the text itself where it is none. */
function canonicalIPv6(text: string): string {
  const url = `http://[${text}]/`;
  return URL.canParse(url) ? new URL(url).hostname.slice(1, -1) : text;
}

/** Why this address may not be listened at without TLS; undefined if it may. */
export function checkPlainTcp(address: Address, insecure: boolean): string | undefined {
  if (address.transport !== "tcp" || insecure || isLoopback(address)) return undefined;
  return `${formatAddress(address)} is open to the network, and plain TCP has no encryption: ` +
    `listen at ${
      formatAddress({ ...address, transport: "tls" })
    }, at tcp://127.0.0.1:${address.port}, use a unix: or vsock: address, or allow it with --insecure-tcp`;
}
