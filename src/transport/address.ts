// Addresses as a person types them, for every transport: parsed, checked, and
// written back. Opens nothing, resolves no name.
import { isIPv4, isIPv6 } from "node:net";
import {
  AddressError,
  formatVsockAddress,
  type HybridAddress,
  isVsockText,
  parseDecimal,
  parseVsockAddress,
  unixPathProblem,
  type VsockAddress,
} from "@gatehouse/vsock";

export { AddressError } from "@gatehouse/vsock";

/** A TCP endpoint. Port 0 is for listening: the kernel chooses. */
export interface TcpAddress {
  readonly transport: "tcp";
  /** A lower-case DNS name or an IP address, IPv6 without brackets. */
  readonly hostname: string;
  readonly port: number;
}

/** TCP with TLS in it, ended by the edge. Only dialed by us: listening takes the edge. */
export interface TlsAddress {
  readonly transport: "tls";
  /** As TcpAddress has it; the name that the server's certificate must have, unless the dialer is told another. */
  readonly hostname: string;
  readonly port: number;
}

/** A Unix stream socket. */
export interface UnixAddress {
  readonly transport: "unix";
  /** Absolute, or relative to the working directory. */
  readonly path: string;
}

export type Address = TcpAddress | TlsAddress | UnixAddress | VsockAddress | HybridAddress;

const MAX_TCP_PORT = 65535;
/** RFC 1035 section 2.3.4. */
const MAX_HOSTNAME_CHARS = 253;
/** Addresses in one list: a client tries them one after another, so more is a mistake. */
export const MAX_ADDRESSES = 16;

const TLS_EXAMPLE = "tls://gatehouse.example:50051";
const TCP_EXAMPLE = "tcp://127.0.0.1:50051";
const UNIX_EXAMPLE = "unix:///run/gatehouse.sock";

/**
 * Reads `tcp://host:port` (IPv6 in brackets), a bare `host:port`, `tls://host:port`, `unix:///path`,
 * `unix:path`, and the VSOCK forms of parseVsockAddress().
 *
 * @example
 * ```ts
 * parseAddress("[::1]:50051"); // { transport: "tcp", hostname: "::1", port: 50051 }
 * ```
 * @throws {AddressError}
 */
export function parseAddress(text: string): Address {
  if (isVsockText(text)) return parseVsockAddress(text);
  if (text.startsWith("unix:")) return parseUnix(text);
  if (text.startsWith("tcp://")) {
    return { transport: "tcp", ...parseHostPort(text, "tcp://".length, TCP_EXAMPLE) };
  }
  if (text.startsWith("tls://")) {
    return { transport: "tls", ...parseHostPort(text, "tls://".length, TLS_EXAMPLE) };
  }
  if (text.includes("://")) {
    throw new AddressError(
      text,
      "only tcp://, tls://, unix://, vsock:// and vsock+unix:// are known",
      TCP_EXAMPLE,
    );
  }
  return { transport: "tcp", ...parseHostPort(text, 0, TCP_EXAMPLE) };
}

/**
 * Reads addresses separated by commas, in the order in which they are to be tried.
 * A path with a comma can't stand in a list.
 *
 * @throws {AddressError}
 */
export function parseAddressList(text: string): Address[] {
  const parts = text.split(",");
  if (parts.length > MAX_ADDRESSES) {
    throw new AddressError(
      text,
      `${parts.length} addresses, at most ${MAX_ADDRESSES} may be given`,
      TCP_EXAMPLE,
    );
  }
  return parts.map((part) => {
    const one = part.trim();
    if (one === "" && parts.length > 1) {
      throw new AddressError(text, "an address between commas is empty", `vsock://3:50051,${TCP_EXAMPLE}`);
    }
    return parseAddress(one);
  });
}

/** The canonical text of an address; parseAddress() reads it back to an equal value. */
export function formatAddress(address: Address): string {
  switch (address.transport) {
    case "tcp":
    case "tls":
      return address.hostname.includes(":")
        ? `${address.transport}://[${address.hostname}]:${address.port}`
        : `${address.transport}://${address.hostname}:${address.port}`;
    case "unix":
      return address.path.startsWith("/") ? `unix://${address.path}` : `unix:${address.path}`;
    case "vsock":
    case "vsock+unix":
      return formatVsockAddress(address);
  }
}

function parseUnix(text: string): UnixAddress {
  let path = text.slice("unix:".length);
  if (path.startsWith("//")) {
    path = path.slice(2);
    if (!path.startsWith("/")) {
      throw new AddressError(text, "after unix:// comes an absolute path", UNIX_EXAMPLE);
    }
  }
  const problem = unixPathProblem(path);
  if (problem) throw new AddressError(text, problem, UNIX_EXAMPLE);
  return { transport: "unix", path };
}

function parseHostPort(text: string, start: number, example: string): { hostname: string; port: number } {
  const hostAndPort = text.slice(start);
  const colon = hostAndPort.lastIndexOf(":");
  if (colon < 0 || hostAndPort.endsWith("]")) {
    throw new AddressError(text, "the port is missing", example);
  }
  const port = parseDecimal(hostAndPort.slice(colon + 1), MAX_TCP_PORT);
  if (port === undefined) {
    throw new AddressError(text, `the port must be a number up to ${MAX_TCP_PORT}`, example);
  }
  return { hostname: parseHostname(text, hostAndPort.slice(0, colon)), port };
}

function parseHostname(text: string, host: string): string {
  if (host === "") throw new AddressError(text, "the host is missing (0.0.0.0 means all)", TCP_EXAMPLE);
  if (host.startsWith("[") && host.endsWith("]")) {
    const inner = host.slice(1, -1);
    if (isIPv6(inner) && !/[^0-9a-fA-F:.%\w-]/.test(inner)) return inner.toLowerCase();
    throw new AddressError(text, "in the brackets stands no IPv6 address", "tcp://[::1]:50051");
  }
  if (host.includes(":")) throw new AddressError(text, "an IPv6 address needs brackets", "tcp://[::1]:50051");
  if (isIPv4(host)) return host;
  const isName = host.length <= MAX_HOSTNAME_CHARS &&
    /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?$/i.test(host);
  // "127.1" and "0x7f.1" would reach getaddrinfo, which takes them for addresses.
  const looksLikeIPv4 = /(^|\.)(0x[0-9a-f]*|[0-9]+)\.?$/i.test(host);
  if (!isName || looksLikeIPv4) {
    throw new AddressError(text, "the host is neither a name nor an IP address", TCP_EXAMPLE);
  }
  return host.toLowerCase();
}
