// One dial for every address. A time limit always holds, the caller's signal
// ends an attempt sooner, and what is opened too late is closed.
import { type Dial, dialAnyVsock, dialUnix } from "@gatehouse/vsock";
import { type Address, formatAddress } from "./address.ts";
import { dialTcp } from "./tcp.ts";
import { dialTls, type TlsProtocol } from "./tls.ts";
import type { TlsClientOptions } from "./tls_material.ts";

export interface DialOptions {
  /** Limit of one attempt, retries within it included. Default: the transport's own. */
  readonly timeoutMs?: number;
  /** For tls:// addresses; others take no notice. */
  readonly tls?: TlsClientOptions;
  /** The same: what is spoken inside. Default h2. */
  readonly protocol?: TlsProtocol;
}

/**
 * What opens connections to one address.
 *
 * @example
 * ```ts
 * const conn = await dialer(parseAddress("vsock://3:50051"))(AbortSignal.timeout(500));
 * ```
 * The returned function rejects with a SocketError that says what to do next, or
 * with the signal's reason.
 */
export function dialer(address: Address, options: DialOptions = {}): Dial {
  const { timeoutMs, tls, protocol } = options;
  switch (address.transport) {
    case "tcp":
      return (signal) => dialTcp(address, { timeoutMs, signal });
    case "tls":
      return (signal) => dialTls(address, { tls, protocol, timeoutMs, signal });
    case "unix": {
      const peer = { transport: "unix", address: formatAddress(address) } as const;
      return (signal) => dialUnix(address.path, peer, { timeoutMs, signal });
    }
    case "vsock":
    case "vsock+unix":
      return (signal) => dialAnyVsock(address, { timeoutMs, signal });
  }
}
