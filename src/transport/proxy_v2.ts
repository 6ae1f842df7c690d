// PROXY protocol v2 (haproxy, doc/proxy-protocol.txt, section 2.2): bytes in, a header, "more" or a refusal out.
// Must never throw, look past the header's end, or let two readings of one header differ: what is doubtful is refused.
import type { EdgeTiming, PeerTls } from "../grpc/conn.ts";
import { EDGE_TIMING_TYPE, edgeTimingOf, tlsOf, TlvError, tlvs } from "./proxy_v2_tlv.ts";

/** Signature, version and command, family, length: what comes before the length is known. */
export const PROXY_PREAMBLE_BYTES = 16;
/**
 * A whole header: a certificate of MAX_CLIENT_CERTIFICATE_BYTES, the addresses, and 3.9 KiB for fields that are
 * skipped. What one connection may make us hold before we know who it is.
 */
export const MAX_PROXY_HEADER_BYTES = 20 * 1024;

/** No text protocol begins so; HTTP/2 and version 1 of this one neither. */
const SIGNATURE = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a);
const VERSION_2_LOCAL = 0x20;
const VERSION_2_PROXY = 0x21;
const COMMAND_AT = 12;
const FAMILY_AT = 13;
const LENGTH_AT = 14;
const TCP_OVER_IPV4 = 0x11;
const TCP_OVER_IPV6 = 0x21;
const IPV4_BYTES = 4;
const IPV6_BYTES = 16;
const PORT_BYTES = 2;
/** The TLV that says what TLS found out; haproxy calls it PP2_TYPE_SSL. */
const PP2_TYPE_SSL = 0x20;

export interface Endpoint {
  /** An IPv4 address, or an IPv6 one in the form of RFC 5952 without brackets. One mapped into IPv6 is given as IPv4. */
  readonly hostname: string;
  readonly port: number;
}

export interface ProxyHeader {
  /** The client. */
  readonly source: Endpoint;
  /** Where the client connected to. */
  readonly destination: Endpoint;
  /** Absent when the proxy doesn't say that the client came over TLS. */
  readonly tls?: PeerTls;
  /** Absent when the proxy isn't our edge. */
  readonly edge?: EdgeTiming;
}

export type ProxyParse =
  /** So many bytes more are the header's for sure. */
  | { readonly state: "more"; readonly lenBytes: number }
  /** The header, and its length: what follows is the stream. */
  | { readonly state: "header"; readonly header: ProxyHeader; readonly lenBytes: number }
  | { readonly state: "refused"; readonly reason: string };

/**
 * Reads the header at the start of `bytes`. What is refused is refused with every byte that could follow; "more"
 * never asks for a byte behind the header, so that a reader who obeys leaves the stream untouched.
 *
 * LOCAL (a proxy's own connection, no client behind it) is refused: without a client there is nobody to serve.
 */
export function parseProxyV2(bytes: Uint8Array): ProxyParse {
  const known = Math.min(bytes.length, SIGNATURE.length);
  for (let i = 0; i < known; i++) {
    if (bytes[i] !== SIGNATURE[i]) return refused("it begins with no PROXY protocol v2 signature");
  }
  const command = bytes[COMMAND_AT];
  if (command === VERSION_2_LOCAL) return refused("a LOCAL command names no client");
  if (command !== undefined && command !== VERSION_2_PROXY) {
    return refused(`version and command are 0x${hex(command)}, not 0x${hex(VERSION_2_PROXY)}`);
  }
  const family = bytes[FAMILY_AT];
  if (family !== undefined && family !== TCP_OVER_IPV4 && family !== TCP_OVER_IPV6) {
    return refused(`family 0x${hex(family)} is neither TCP over IPv4 nor TCP over IPv6`);
  }
  if (bytes.length < PROXY_PREAMBLE_BYTES) return more(PROXY_PREAMBLE_BYTES - bytes.length);

  const ipBytes = family === TCP_OVER_IPV4 ? IPV4_BYTES : IPV6_BYTES;
  const lenBytes = PROXY_PREAMBLE_BYTES + u16(bytes, LENGTH_AT);
  const addressesEnd = PROXY_PREAMBLE_BYTES + 2 * (ipBytes + PORT_BYTES);
  if (lenBytes < addressesEnd) return refused(`${lenBytes} bytes are too few for its addresses`);
  if (lenBytes > MAX_PROXY_HEADER_BYTES) {
    return refused(`${lenBytes} bytes are too many, at most ${MAX_PROXY_HEADER_BYTES} are read`);
  }
  if (bytes.length < lenBytes) return more(lenBytes - bytes.length);

  try {
    const header = { ...endpoints(bytes, ipBytes), ...claimsOf(bytes.subarray(addressesEnd, lenBytes)) };
    return { state: "header", header, lenBytes };
  } catch (error) {
    if (error instanceof TlvError) return refused(error.message);
    throw error;
  }
}

function endpoints(bytes: Uint8Array, ipBytes: number): Pick<ProxyHeader, "source" | "destination"> {
  const destinationAt = PROXY_PREAMBLE_BYTES + ipBytes;
  const portsAt = destinationAt + ipBytes;
  return {
    source: {
      hostname: ipText(bytes.subarray(PROXY_PREAMBLE_BYTES, destinationAt)),
      port: u16(bytes, portsAt),
    },
    destination: {
      hostname: ipText(bytes.subarray(destinationAt, portsAt)),
      port: u16(bytes, portsAt + PORT_BYTES),
    },
  };
}

/** @throws {TlvError} */
function claimsOf(bytes: Uint8Array): Pick<ProxyHeader, "tls" | "edge"> {
  let seenTls = false;
  let tls: PeerTls | undefined;
  let edge: EdgeTiming | undefined;
  for (const { type, value } of tlvs(bytes)) {
    if (type === PP2_TYPE_SSL) {
      if (seenTls) throw new TlvError("it speaks of TLS twice");
      seenTls = true;
      tls = tlsOf(value);
    } else if (type === EDGE_TIMING_TYPE) {
      const timing = edgeTimingOf(value);
      if (timing === undefined) continue;
      if (edge !== undefined) throw new TlvError("the edge's times stand there twice");
      edge = timing;
    }
  }
  return { ...(tls && { tls }), ...(edge && { edge }) };
}

function ipText(ip: Uint8Array): string {
  if (ip.length === IPV4_BYTES) return ip.join(".");
  // RFC 4291 section 2.5.5.2: a listener on [::] sees IPv4 clients so.
  const mapped = ip.subarray(0, 10).every((byte) => byte === 0) && ip[10] === 0xff && ip[11] === 0xff;
  if (mapped) return ip.subarray(12).join(".");
  const groups = Array.from({ length: 8 }, (_, i) => u16(ip, 2 * i).toString(16));
  return new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1);
}

function u16(bytes: Uint8Array, at: number): number {
  return bytes[at] << 8 | bytes[at + 1];
}

const hex = (byte: number) => byte.toString(16).padStart(2, "0");
const more = (lenBytes: number): ProxyParse => ({ state: "more", lenBytes });
const refused = (reason: string): ProxyParse => ({ state: "refused", reason });
