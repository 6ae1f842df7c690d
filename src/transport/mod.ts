// The transports as the rest of the product sees them: addresses, listen, dial.
// Only this folder and vsock/ name Deno's network calls.
export * from "./address.ts";
export * from "./dial.ts";
export * from "./listen.ts";
export * from "./plain_tcp.ts";
export * from "./proxied.ts";
export type { TlsClientOptions } from "./tls_material.ts";
export { isDisconnect, proxy, type ProxyOptions, type ProxyTraffic, SocketError } from "@gatehouse/vsock";
