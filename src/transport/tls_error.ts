// What goes wrong between a TLS client and its server, in words that say what to do next. Decides nothing.
import { connectError, SocketError } from "@gatehouse/vsock";

/** What the runtime gives that isn't of the socket below, by code; each ends with what to do. */
const CLIENT_SIDE: Record<string, string> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    "its certificate comes from an authority that isn't trusted here; give that authority's certificate with --ca FILE",
  SELF_SIGNED_CERT_IN_CHAIN:
    "its certificate comes from an authority that isn't trusted here; give that authority's certificate with --ca FILE",
  DEPTH_ZERO_SELF_SIGNED_CERT:
    "its certificate is self-signed; give it one of an authority (`gatehouse ca issue`), or give it with --ca FILE",
  CERT_HAS_EXPIRED: "its certificate has expired; give the server a new one (and check this machine's clock)",
  CERT_NOT_YET_VALID: "its certificate is not valid yet; check this machine's clock and the server's",
  CERT_REVOKED: "its certificate is revoked; give the server a new one",
  INVALID_PURPOSE: "its certificate isn't one for servers; issue one with `gatehouse ca issue NAME --server`",
};

/** Alerts of the server (RFC 8446, 6.2) about the certificate that we gave, or gave not. */
const ALERTS: [pattern: RegExp, text: string][] = [
  [
    /CERTIFICATE_?REQUIRED|HANDSHAKE_?FAILURE/i,
    "the server demands a client certificate; give one with --cert FILE --key FILE",
  ],
  [
    /ALERT_?CERTIFICATE_?REVOKED|CertificateRevoked/i,
    "the server says that our certificate is revoked; get a new one",
  ],
  [
    /ALERT_?CERTIFICATE_?EXPIRED|CertificateExpired/i,
    "the server says that our certificate has expired; get a new one",
  ],
  [
    /UNSUPPORTED_?CERTIFICATE/i,
    "the server refuses our certificate's use; it takes one for clients (`gatehouse ca issue NAME --client`)",
  ],
  [
    /ALERT_?UNKNOWN_?CA|UnknownCA|CERTIFICATE_?UNKNOWN|BAD_?CERTIFICATE|DecryptError/i,
    "the server doesn't accept our certificate; give one of an authority that it trusts (--cert FILE --key FILE)",
  ],
  [
    /NO_?APPLICATION_?PROTOCOL/i,
    "the server speaks no HTTP/2 (ALPN h2); check that a gRPC server listens there",
  ],
  [/PROTOCOL_?VERSION/i, "the server takes none of TLS 1.3 and 1.2; check what listens there"],
];

/**
 * Turns what node:tls gave into a SocketError that says what to do next. Errors of TCP become those of connectError().
 *
 * @param serverName the name that the certificate was to have
 */
export function tlsError(error: unknown, address: string, serverName?: string): Error {
  if (!(error instanceof Error)) return new SocketError("UNKNOWN", address, String(error));
  const code = "code" in error && typeof error.code === "string" ? error.code : error.name;
  const say = (text: string) => new SocketError(code, address, `can't connect to ${address}: ${text}`, error);
  const known = CLIENT_SIDE[code];
  if (known !== undefined) return say(known);
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return say(
      `its certificate isn't one for ${serverName ?? "this name"} (${
        error.message.replace(/^.*altnames: /s, "")
      }); ` +
        "dial a name that it has, or name that one with --server-name",
    );
  }
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER" || /InvalidContentType|InvalidMessage/.test(error.message)) {
    return say("what listens there speaks no TLS; dial it as tcp://, or give the port of the TLS server");
  }
  const alert = ALERTS.find(([pattern]) => pattern.test(code) || pattern.test(error.message));
  if (alert !== undefined) return say(alert[1]);
  // Abort reasons and our own errors stay what they are.
  if (error instanceof SocketError || error.name === "AbortError" || error.name === "TimeoutError") {
    return error;
  }
  return connectError(error, address);
}
