// TLS under our engine, for the suite's cases that want it: Deno's own, with a certificate of the suite's.
// Gatehouse itself has no TLS transport; the engine serves any byte stream, and this is one more.
import { type Dial, type Listener, SocketConn, SocketListener } from "@gatehouse/vsock";

/** PEM. */
export interface TlsCreds {
  cert?: Uint8Array;
  key?: Uint8Array;
}

/** HTTP/2 by its name in TLS (RFC 9113 section 3.2). */
const ALPN = ["h2"];
const HOSTNAME = "127.0.0.1";

const pem = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

const over = (socket: Deno.TlsConn, onGone?: () => void) => {
  const { hostname, port } = socket.remoteAddr as Deno.NetAddr;
  // A TLS connection has no half-close of its own in Deno.
  return new SocketConn(socket, { transport: "tcp", address: `tcp://${hostname}:${port}` }, {
    onGone,
    halfClose: false,
  });
};

/** On a port that the kernel chooses. */
export function listenTls(creds: TlsCreds): Listener {
  const socket = Deno.listenTls({
    hostname: HOSTNAME,
    port: 0,
    cert: pem(creds.cert),
    key: pem(creds.key),
    alpnProtocols: ALPN,
  });
  const { port } = socket.addr as Deno.NetAddr;
  return new SocketListener<Deno.TlsConn>(socket, `tcp://${HOSTNAME}:${port}`, over);
}

/** @param cert the only one to trust */
export function tlsDialer(hostname: string, port: number, cert: Uint8Array): Dial {
  return async () =>
    over(await Deno.connectTls({ hostname, port, caCerts: [pem(cert)], alpnProtocols: ALPN }));
}
