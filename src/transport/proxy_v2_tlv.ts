// The type-length-value fields of a PROXY protocol v2 header: what they say of TLS (sections 2.2 and 2.2.6), and our
// edge's timing.
// Must never take a certificate for the client's that the proxy doesn't say it has verified.
import type { EdgeTiming, PeerTls } from "../grpc/conn.ts";

/** A certificate of X.509 has 1 to 4 KiB, with post-quantum signatures some 8. The longest that is taken, DER. */
export const MAX_CLIENT_CERTIFICATE_BYTES = 16 * 1024;

const TLV_HEAD_BYTES = 3;
/** `client` (bits, one byte) and `verify` (four) come before the sub-fields. */
const SSL_HEAD_BYTES = 5;
const PP2_CLIENT_SSL = 0x01;
/** The certificate came over this connection, or over the TLS session that it resumes. */
const PP2_CLIENT_CERT_CONN = 0x02;
const PP2_CLIENT_CERT_SESS = 0x04;
const PP2_SUBTYPE_SSL_VERSION = 0x21;
const PP2_SUBTYPE_SSL_CLIENT_CERT = 0x28;

/**
 * Our edge's field, of the first type that is left to agreements (PP2_TYPE_MIN_CUSTOM):
 *
 *     tag                 4 bytes  "GHE" and the version, 1
 *     accepted            8 bytes  microseconds since 1970, big-endian
 *     end of handshake    8 bytes  the same, not earlier; left out where there was no TLS
 *
 * A value without this tag is another proxy's, or of a version to come, and is skipped.
 */
export const EDGE_TIMING_TYPE = 0xe0;
const EDGE_TIMING_TAG = Uint8Array.of(0x47, 0x48, 0x45, 1);
const TIME_BYTES = 8;

/** As OpenSSL and haproxy write them; older ones have no place here (RFC 8996). */
const TLS_VERSIONS: readonly string[] = ["TLSv1.2", "TLSv1.3"];

/** Undefined: the proxy says that the client came without TLS, or says nothing. */
export type TlsClaims = PeerTls | undefined;

/** A field that is malformed or contradicts another; the message says which. */
export class TlvError extends Error {}

/** The fields that fill `bytes`. @throws {TlvError} when one reaches beyond the end */
export function* tlvs(bytes: Uint8Array): Generator<{ type: number; value: Uint8Array }, void, void> {
  for (let at = 0; at < bytes.length;) {
    const valueAt = at + TLV_HEAD_BYTES;
    if (valueAt > bytes.length) throw new TlvError("its last field is cut off");
    const end = valueAt + (bytes[at + 1] << 8 | bytes[at + 2]);
    if (end > bytes.length) throw new TlvError("a field is longer than what holds it");
    yield { type: bytes[at], value: bytes.subarray(valueAt, end) };
    at = end;
  }
}

/** What a PP2_TYPE_SSL field says. @throws {TlvError} */
export function tlsOf(ssl: Uint8Array): TlsClaims {
  if (ssl.length < SSL_HEAD_BYTES) throw new TlvError("its TLS field is cut off");
  const client = ssl[0];
  const verified = ssl.subarray(1, SSL_HEAD_BYTES).every((byte) => byte === 0);
  const { version, clientCertificate } = subFields(ssl.subarray(SSL_HEAD_BYTES));
  if ((client & PP2_CLIENT_SSL) === 0) {
    if (version !== undefined || clientCertificate !== undefined) {
      throw new TlvError("it names a TLS version or a certificate on a connection without TLS");
    }
    return undefined;
  }
  if (version === undefined) throw new TlvError("the TLS version is missing");
  if (clientCertificate === undefined) return { version };
  if ((client & (PP2_CLIENT_CERT_CONN | PP2_CLIENT_CERT_SESS)) === 0) {
    throw new TlvError("it holds a certificate and says that the client gave none");
  }
  if (!verified) throw new TlvError("the client's certificate is not verified");
  return { version, clientCertificate };
}

/** What an EDGE_TIMING_TYPE field says; undefined when it isn't our edge's. @throws {TlvError} */
export function edgeTimingOf(value: Uint8Array): EdgeTiming | undefined {
  if (EDGE_TIMING_TAG.some((byte, i) => value[i] !== byte)) return undefined;
  const times = value.subarray(EDGE_TIMING_TAG.length);
  if (times.length === TIME_BYTES) return { acceptedUs: microseconds(times, 0) };
  if (times.length !== 2 * TIME_BYTES) throw new TlvError("the edge's times are not of their length");
  const timing = { acceptedUs: microseconds(times, 0), handshakeEndUs: microseconds(times, TIME_BYTES) };
  if (timing.handshakeEndUs < timing.acceptedUs) throw new TlvError("the edge's times run backwards");
  return timing;
}

function microseconds(bytes: Uint8Array, at: number): number {
  const value = new DataView(bytes.buffer, bytes.byteOffset + at).getBigUint64(0);
  // Until the year 2255.
  if (value > Number.MAX_SAFE_INTEGER) throw new TlvError("a time of the edge's is too far away");
  return Number(value);
}

function subFields(bytes: Uint8Array): { version?: string; clientCertificate?: Uint8Array } {
  let version: string | undefined;
  let clientCertificate: Uint8Array | undefined;
  for (const { type, value } of tlvs(bytes)) {
    if (type === PP2_SUBTYPE_SSL_VERSION) {
      if (version !== undefined) throw new TlvError("the TLS version stands there twice");
      version = TLS_VERSIONS.find((name) => isAscii(value, name));
      if (version === undefined) throw new TlvError(`the TLS version is none of ${TLS_VERSIONS.join(", ")}`);
    } else if (type === PP2_SUBTYPE_SSL_CLIENT_CERT) {
      if (clientCertificate !== undefined) throw new TlvError("the client's certificate stands there twice");
      if (value.length === 0) throw new TlvError("the client's certificate is empty");
      if (value.length > MAX_CLIENT_CERTIFICATE_BYTES) {
        throw new TlvError(
          `the client's certificate has ${value.length} bytes, at most ${MAX_CLIENT_CERTIFICATE_BYTES} are taken`,
        );
      }
      clientCertificate = value.slice(); // the buffer that it came in is not ours
    }
  }
  return { version, clientCertificate };
}

function isAscii(bytes: Uint8Array, text: string): boolean {
  return bytes.length === text.length && bytes.every((byte, i) => byte === text.charCodeAt(i));
}
