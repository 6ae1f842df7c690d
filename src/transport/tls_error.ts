// What goes wrong between a TLS client and its server, in words that say what to do next. Decides nothing.
import type { TLSSocket } from "node:tls";
import { connectError, SocketError } from "@gatehouse/vsock";
import type { TlsProtocol } from "./tls.ts";

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
    "the server says that our certificate has expired, or isn't valid yet by its clock; get a new one, or look at the server's `gatehouse status` by VSOCK",
  ],
  [
    /UNSUPPORTED_?CERTIFICATE/i,
    "the server refuses our certificate's use; it takes one for clients (`gatehouse ca issue DIR NAME --client`)",
  ],
  [
    /ALERT_?UNKNOWN_?CA|UnknownCA|CERTIFICATE_?UNKNOWN|BAD_?CERTIFICATE|DecryptError/i,
    "the server doesn't accept our certificate; give one of an authority that it trusts (--cert FILE --key FILE)",
  ],
  [/PROTOCOL_?VERSION/i, "the server takes none of TLS 1.3 and 1.2; check what listens there"],
];

/**
 * Why a server is not believed: the runtime gives one code for all that is wrong with a certificate, so what it says
 * of itself is looked at. Only for the words: that it is not believed stands.
 *
 * @param serverName the name that the certificate was to have
 */
export function unproven(socket: TLSSocket, address: string, serverName: string): SocketError {
  const say = (text: string) => new SocketError("EUNPROVEN", address, `can't connect to ${address}: ${text}`);
  const certificate = socket.getPeerCertificate();
  if (String(socket.authorizationError) === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return say(
      `its certificate isn't one for ${serverName} (it is for ${certificate.subjectaltname || "nobody"}); ` +
        "dial a name that it has, or name that one with --server-name",
    );
  }
  if (new Date(certificate.valid_to) < new Date()) {
    return say(`its certificate has expired (${certificate.valid_to}); give the server a new one`);
  }
  if (new Date(certificate.valid_from) > new Date()) {
    return say(
      `its certificate is valid from ${certificate.valid_from} on; check this machine's clock and the server's`,
    );
  }
  return say(
    "its certificate comes from an authority that isn't trusted here, or isn't one for servers; give the authority's " +
      "certificate with --ca FILE",
  );
}

/** The server is proven, and has agreed to another protocol than ours or to none. */
export const noProtocol = (address: string, protocol: TlsProtocol): SocketError =>
  new SocketError(
    "ENOALPN",
    address,
    `can't connect to ${address}: the server speaks TLS but agreed to no ${SPOKEN[protocol]} listens there`,
  );

const SPOKEN: Readonly<Record<TlsProtocol, string>> = {
  h2: "HTTP/2 (ALPN h2); check that a gRPC server",
  "http/1.1": "HTTP/1.1 (ALPN http/1.1); check that a gateway, and no gRPC server,",
};

/**
 * Turns what node:tls gave into a SocketError that says what to do next. Errors of TCP become those of connectError().
 */
export function tlsError(error: unknown, address: string, protocol: TlsProtocol = "h2"): Error {
  if (!(error instanceof Error)) return new SocketError("UNKNOWN", address, String(error));
  const code = "code" in error && typeof error.code === "string" ? error.code : error.name;
  const say = (text: string) => new SocketError(code, address, `can't connect to ${address}: ${text}`, error);
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER" || /InvalidContentType|InvalidMessage/.test(error.message)) {
    return say("what listens there speaks no TLS; dial it as tcp://, or give the port of the TLS server");
  }
  if ([code, error.message].some((text) => /NO_?APPLICATION_?PROTOCOL/i.test(text))) {
    return say(`the server speaks no ${SPOKEN[protocol]} listens there`);
  }
  const alert = ALERTS.find(([pattern]) => pattern.test(code) || pattern.test(error.message));
  if (alert !== undefined) return say(alert[1]);
  // Abort reasons and our own errors stay what they are.
  if (error instanceof SocketError || error.name === "AbortError" || error.name === "TimeoutError") {
    return error;
  }
  return connectError(error, address);
}
