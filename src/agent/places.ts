// Where a configuration wants the agent itself to listen, and where the edge.
// Must never open anything.
import { type Address, formatAddress, parseAddress } from "../transport/address.ts";
import type { Config } from "./config/mod.ts";
import type { EdgeOptions } from "./options.ts";

/** Where the agent listens, and whether a proxy stands before it. */
export interface Place {
  readonly address: Address;
  readonly proxied: boolean;
  /** What is spoken there: gRPC, or the gateway's HTTP/1.1. */
  readonly service: "grpc" | "gateway";
}

/** What the agent opens itself, the edge's own socket included while there is something for the edge. */
export function agentPlaces(config: Config, edge: EdgeOptions | undefined): Place[] {
  const { listen, gateway } = config;
  const own = (addresses: readonly string[], service: Place["service"]): Place[] =>
    addresses.map(parseAddress).filter((address) => !isForEdge(address, edge))
      .map((address) => ({ address, proxied: false, service }));
  const back = (path: string, service: Place["service"]): Place => ({
    address: { transport: "unix", path },
    proxied: true,
    service,
  });
  const places = [
    ...own(listen.addresses, "grpc"),
    ...own(gateway.addresses, "gateway"),
    ...listen.proxied.map((text): Place => ({ address: parseAddress(text), proxied: true, service: "grpc" })),
  ];
  if (edge === undefined) return places;
  if (edgeAddresses(config, edge).length > 0) places.push(back(edge.backSocket, "grpc"));
  if (edgeGatewayAddresses(config, edge).length > 0) places.push(back(edge.gatewayBackSocket, "gateway"));
  return places;
}

/** What the edge opens for gRPC. */
export function edgeAddresses(config: Config, edge: EdgeOptions): Address[] {
  return config.listen.addresses.map(parseAddress).filter((address) => isForEdge(address, edge));
}

/** What the edge opens for the gateway. */
export function edgeGatewayAddresses(config: Config, edge: EdgeOptions): Address[] {
  return config.gateway.addresses.map(parseAddress).filter((address) => isForEdge(address, edge));
}

/** The same place, whatever way it was written. */
export function placeKey({ address, proxied, service }: Place): string {
  return `${service} ${proxied ? "proxied " : ""}${formatAddress(address)}`;
}

function isForEdge(address: Address, edge: EdgeOptions | undefined): boolean {
  if (edge === undefined) return false;
  return address.transport === "tls" || (address.transport === "tcp" && edge.opensPlainTcp === true);
}
