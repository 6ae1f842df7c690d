// TCP: Nagle's algorithm off on every connection, since HTTP/2 frames are small
// and answered at once. Must not decide who may connect: plain_tcp.ts does.
import {
  AddressError,
  attempt,
  type Conn,
  connectError,
  type Listener,
  listenError,
  type ListenOptions,
  type Peer,
  SocketConn,
  SocketError,
  SocketListener,
  timeoutError,
} from "@gatehouse/vsock";
import { formatAddress, type TcpAddress } from "./address.ts";
import { isLoopbackHost } from "./plain_tcp.ts";

/** Name resolution and handshake together; a lost SYN is sent again after 1, 3 and 7 s. */
export const TCP_CONNECT_TIMEOUT_MS = 10_000;

export interface TcpDialOptions {
  /** Default TCP_CONNECT_TIMEOUT_MS. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

function tcpPeer(addr: Deno.NetAddr): Peer {
  const address = formatAddress({ transport: "tcp", hostname: addr.hostname, port: addr.port });
  return { transport: "tcp", address };
}

/** Opens one TCP connection. @throws {AddressError | SocketError} or the signal's reason. */
export async function dialTcp(address: TcpAddress, options: TcpDialOptions = {}): Promise<Conn> {
  const { timeoutMs = TCP_CONNECT_TIMEOUT_MS, signal } = options;
  const { hostname, port } = address;
  const text = formatAddress(address);
  if (port === 0) throw new AddressError(text, "port 0 is for listening", "tcp://127.0.0.1:50051");
  return await attempt(
    async (stop) => {
      try {
        const socket = await Deno.connect({ transport: "tcp", hostname, port, signal: stop });
        socket.setNoDelay(true);
        return new SocketConn(socket, tcpPeer(socket.remoteAddr));
      } catch (error) {
        throw connectError(error, text);
      }
    },
    { timeoutMs, signal },
    () => timeoutError(text, timeoutMs, "check the address and firewalls"),
  );
}

/** Listens on TCP; port 0 lets the kernel choose. @throws {SocketError} */
export function listenTcp(address: TcpAddress, options: ListenOptions = {}): Listener {
  const { hostname, port } = address;
  const text = formatAddress(address);
  let socket: Deno.TcpListener;
  try {
    socket = Deno.listen({ transport: "tcp", hostname, port });
  } catch (error) {
    throw listenError(error, text);
  }
  // isLoopback() trusted the name; the resolver must agree.
  if (isLoopbackHost(hostname) && !isLoopbackHost(socket.addr.hostname)) {
    socket.close();
    throw new SocketError(
      "EADDRNOTAVAIL",
      text,
      `can't listen at ${text}: this machine resolves it to ${socket.addr.hostname}, which is no loopback ` +
        `address; mend /etc/hosts, or use tcp://127.0.0.1:${port}`,
    );
  }
  return new SocketListener(
    socket,
    tcpPeer(socket.addr).address,
    (accepted: Deno.TcpConn, onGone) => {
      accepted.setNoDelay(true);
      return new SocketConn(accepted, tcpPeer(accepted.remoteAddr), { onGone });
    },
    options,
  );
}
