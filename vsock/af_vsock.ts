// AF_VSOCK through Deno: dial a guest or the host, listen for either.
// Needs "unstable": ["vsock"] in deno.json or --unstable-vsock. Must never accept
// a peer of this same kernel (CID 1): the CID is what callers are trusted by.
import {
  AddressError,
  formatVsockAddress,
  VMADDR_CID_ANY,
  VMADDR_CID_LOCAL,
  VMADDR_PORT_ANY,
  type VsockAddress,
} from "./address.ts";
import { attempt } from "./attempt.ts";
import { connectError, listenError, SocketError, timeoutError } from "./error.ts";
import { SocketConn } from "./socket_conn.ts";
import { type Admit, type ListenOptions, SocketListener } from "./socket_listener.ts";
import type { Conn, Listener, Peer } from "./types.ts";

/**
 * No write on VSOCK is longer, on any path: vhost-device-vsock 0.3.0 silently
 * loses a guest's send of more than 32 KiB (the kernel puts it into descriptors
 * longer than the daemon takes). Half of that, since chunks of 16 KiB are proven.
 */
export const MAX_VSOCK_WRITE_BYTES = 16 * 1024;
/** The kernel gives up after 2 s (vm_sockets.h, SO_VM_SOCKETS_CONNECT_TIMEOUT); this is for one that doesn't. */
export const VSOCK_CONNECT_TIMEOUT_MS = 5000;

export interface VsockDialOptions {
  /** Default VSOCK_CONNECT_TIMEOUT_MS. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

function vsockPeer(cid: number, port: number): Peer {
  return { transport: "vsock", address: formatVsockAddress({ transport: "vsock", cid, port }), cid };
}

/** Opens one AF_VSOCK connection. @throws {AddressError | SocketError} or the signal's reason. */
export async function dialVsock(address: VsockAddress, options: VsockDialOptions = {}): Promise<Conn> {
  const { timeoutMs = VSOCK_CONNECT_TIMEOUT_MS, signal } = options;
  const { cid, port } = address;
  const text = formatVsockAddress(address);
  if (cid === VMADDR_CID_ANY) {
    throw new AddressError(
      text,
      `"any" is for listening; name the VM's CID (or 2, the host)`,
      "vsock://3:50051",
    );
  }
  if (port === 0) throw new AddressError(text, "port 0 is for listening", "vsock://3:50051");
  return await attempt(
    async () => {
      try {
        const socket = await Deno.connect({ transport: "vsock", cid, port });
        return new SocketConn(socket, vsockPeer(cid, port), { maxWriteBytes: MAX_VSOCK_WRITE_BYTES });
      } catch (error) {
        throw connectError(error, text);
      }
    },
    { timeoutMs, signal },
    () => timeoutError(text, timeoutMs, "is the VM running, with this CID?"),
  );
}

/** Admits a VSOCK peer unless it is of this same kernel. */
export const admitVsock: Admit<Deno.VsockConn> = (socket, onGone) => {
  const { cid, port } = socket.remoteAddr;
  const peer = vsockPeer(cid, port);
  if (cid === VMADDR_CID_LOCAL) {
    throw new SocketError(
      "EACCES",
      peer.address,
      `refused a VSOCK peer with CID 1 (${peer.address}): a local process must use the Unix socket`,
    );
  }
  return new SocketConn(socket, peer, { maxWriteBytes: MAX_VSOCK_WRITE_BYTES, onGone });
};

/**
 * Listens on AF_VSOCK; port 0 lets the kernel choose.
 * @throws {AddressError} for CID 1, whose peers are all refused. @throws {SocketError}
 */
export function listenVsock(address: VsockAddress, options: ListenOptions = {}): Listener {
  const { cid, port } = address;
  const text = formatVsockAddress(address);
  if (cid === VMADDR_CID_LOCAL) {
    throw new AddressError(text, "CID 1 is loopback, whose peers are refused", "vsock://any:50051");
  }
  let socket: Deno.VsockListener;
  try {
    socket = Deno.listen({ transport: "vsock", cid, port: port === 0 ? VMADDR_PORT_ANY : port });
  } catch (error) {
    throw listenError(error, text);
  }
  const bound = formatVsockAddress({ transport: "vsock", cid, port: socket.addr.port });
  return new SocketListener(socket, bound, admitVsock, options);
}
