// Dials TLS: 1.3 or 1.2, HTTP/2 by ALPN unless it is to be HTTP/1.1, the server verified always, with a client certificate if there is one.
// Must never go on with a server that isn't proven, nor trust a public authority where the caller named its own:
// that is why it is node:tls and not Deno.connectTls, whose caCerts come in addition to the machine's roots.
import { isIP } from "node:net";
import { AddressError, attempt, type Conn, SocketError, timeoutError } from "@gatehouse/vsock";
import { formatAddress, type TlsAddress } from "./address.ts";
import { TCP_CONNECT_TIMEOUT_MS } from "./tcp.ts";
import { TlsConn } from "./tls_conn.ts";
import { noProtocol, tlsError, unproven } from "./tls_error.ts";
import { checkTlsMaterial, type TlsClientOptions } from "./tls_material.ts";

/** What is spoken inside, by its name in TLS (RFC 7301, 6). */
export type TlsProtocol = "h2" | "http/1.1";

export interface TlsDialOptions {
  readonly tls?: TlsClientOptions;
  /** Default h2, for gRPC (RFC 9113, 3.2). A server that knows no ALPN is taken to speak HTTP/1.1. */
  readonly protocol?: TlsProtocol;
  /** Default TCP_CONNECT_TIMEOUT_MS, for connection and handshake together. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Opens one TLS connection. In TLS 1.3 a server refuses a client's certificate after the handshake: that error comes
 * from the first read.
 *
 * @throws {AddressError | SocketError} that says what to do next, or the signal's reason
 */
export async function dialTls(address: TlsAddress, options: TlsDialOptions = {}): Promise<Conn> {
  const { tls = {}, protocol = "h2", timeoutMs = TCP_CONNECT_TIMEOUT_MS, signal } = options;
  const text = formatAddress(address);
  if (address.port === 0) throw new AddressError(text, "port 0 is for listening", "tls://127.0.0.1:50051");
  checkTlsMaterial(text, tls);
  return await attempt(
    (stop) => connect(address, tls, protocol, stop),
    { timeoutMs, signal },
    () =>
      timeoutError(text, timeoutMs, "check the address and firewalls, and that a TLS server listens there"),
  );
}

async function connect(
  address: TlsAddress,
  tls: TlsClientOptions,
  protocol: TlsProtocol,
  stop: AbortSignal,
): Promise<Conn> {
  const { checkServerIdentity, connect } = await import("node:tls"); // 2 ms that only they wait who dial TLS
  const text = formatAddress(address);
  const serverName = tls.serverName ?? address.hostname;
  return await new Promise((resolve, reject) => {
    const socket = connect({
      host: address.hostname,
      port: address.port,
      ca: tls.ca,
      cert: tls.cert,
      key: tls.key,
      // An IP address is no server name (RFC 6066, 3); what the certificate is compared with is named below.
      servername: isIP(serverName) ? undefined : serverName,
      checkServerIdentity: (_host, certificate) => checkServerIdentity(serverName, certificate),
      ALPNProtocols: [protocol],
      minVersion: "TLSv1.2",
      // Judged below, where it can still be said why: with true, only a code is left that stands for every reason.
      rejectUnauthorized: false,
    });
    const fail = (error: unknown) => {
      stop.removeEventListener("abort", abort);
      socket.destroy();
      reject(tlsError(error, text, protocol));
    };
    const ended = () =>
      fail(new SocketError("ECONNRESET", text, `can't connect to ${text}: ended in the handshake`));
    const abort = () => fail(stop.reason);
    stop.addEventListener("abort", abort, { once: true });
    socket.on("error", fail);
    socket.on("end", ended);
    socket.once("secureConnect", () => {
      if (socket.authorized !== true) return fail(unproven(socket, text, serverName));
      const settled = socket.alpnProtocol || "http/1.1";
      if (settled !== protocol) return fail(noProtocol(text, protocol));
      const conn = new TlsConn(socket, text);
      stop.removeEventListener("abort", abort);
      socket.off("error", fail).off("end", ended).setNoDelay(true);
      resolve(conn);
    });
  });
}
