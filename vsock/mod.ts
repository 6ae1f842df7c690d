// VSOCK for Deno: addresses, AF_VSOCK, hybrid Unix sockets and a byte proxy.
// Stands alone: imports nothing of the project around it, and no package.
import type { HybridAddress, VsockAddress } from "./address.ts";
import { dialVsock, listenVsock } from "./af_vsock.ts";
import { dialHybrid, listenHybrid } from "./hybrid.ts";
import type { ListenOptions } from "./socket_listener.ts";
import type { Conn, Listener } from "./types.ts";

export * from "./address.ts";
export * from "./error.ts";
export * from "./proxy.ts";
export * from "./types.ts";
export { attempt } from "./attempt.ts";
export { dialVsock, listenVsock, MAX_VSOCK_WRITE_BYTES, VSOCK_CONNECT_TIMEOUT_MS } from "./af_vsock.ts";
export { dialHybrid, HYBRID_DIAL_TIMEOUT_MS, listenHybrid } from "./hybrid.ts";
export { SocketConn, type SocketConnOptions } from "./socket_conn.ts";
export { type ListenOptions, MAX_CONNECTIONS, SocketListener } from "./socket_listener.ts";
export { dialUnix, listenUnix, UNIX_CONNECT_TIMEOUT_MS } from "./unix.ts";

/** Dials either kind of VSOCK address. `timeoutMs` is the whole time, retries included. */
export function dialAnyVsock(
  address: VsockAddress | HybridAddress,
  options: { timeoutMs?: number; signal?: AbortSignal } = {},
): Promise<Conn> {
  return address.transport === "vsock" ? dialVsock(address, options) : dialHybrid(address, options);
}

/** Listens on either kind of VSOCK address; a hybrid one hears what the guest dials to the host. */
export function listenAnyVsock(
  address: VsockAddress | HybridAddress,
  options: ListenOptions = {},
): Listener | Promise<Listener> {
  return address.transport === "vsock" ? listenVsock(address, options) : listenHybrid(address, options);
}
