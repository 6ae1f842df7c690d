// One listen() for every address. Must not decide who may call: it hands out
// connections with their peer, and the layers above judge.
import { listenAnyVsock, type Listener, type ListenOptions, listenUnix, SocketError } from "@gatehouse/vsock";
import { type Address, formatAddress } from "./address.ts";
import { listenTcp } from "./tcp.ts";

export type { ListenOptions } from "@gatehouse/vsock";

/**
 * Binds an address. The listener's own `address` has the port that the kernel chose
 * where port 0 was asked for. A failed accept is reported to `onError` and retried.
 *
 * @example
 * ```ts
 * const listener = await listen(parseAddress("unix:///run/gatehouse.sock"), { mode: 0o660 });
 * for await (const conn of listener) serve(conn);
 * ```
 * @throws {SocketError} that says what to do next.
 */
export function listen(address: Address, options: ListenOptions = {}): Listener | Promise<Listener> {
  switch (address.transport) {
    case "tcp":
      return listenTcp(address, options);
    case "tls": {
      const text = formatAddress(address);
      throw new SocketError(
        "ENOTSUP",
        text,
        `can't listen at ${text}: TLS is ended by the edge, which has to run in front; start it with ` +
          "`gatehouse serve --tls`, or leave this address out",
      );
    }
    case "unix":
      return listenUnix(address.path, { transport: "unix", address: formatAddress(address) }, options);
    case "vsock":
    case "vsock+unix":
      return listenAnyVsock(address, options);
  }
}
