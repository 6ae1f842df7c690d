// Where a configuration wants the agent itself to listen, and where the edge.
// Must never open anything.
import { type Address, formatAddress, parseAddress } from "../transport/address.ts";
import type { Config } from "./config/mod.ts";
import type { EdgeOptions } from "./options.ts";

/** Where the agent listens, and whether a proxy stands before it. */
export interface Place {
  readonly address: Address;
  readonly proxied: boolean;
}

/** What the agent opens itself, the edge's own socket included while there is something for the edge. */
export function agentPlaces(config: Config, edge: EdgeOptions | undefined): Place[] {
  const { addresses, proxied } = config.listen;
  const own = addresses.map(parseAddress).filter((address) => !isForEdge(address, edge));
  const behind = proxied.map(parseAddress);
  if (edge !== undefined && edgeAddresses(config, edge).length > 0) {
    behind.push({ transport: "unix", path: edge.backSocket });
  }
  return [
    ...own.map((address) => ({ address, proxied: false })),
    ...behind.map((address) => ({ address, proxied: true })),
  ];
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
export function placeKey({ address, proxied }: Place): string {
  return `${proxied ? "proxied " : ""}${formatAddress(address)}`;
}

function isForEdge(address: Address, edge: EdgeOptions | undefined): boolean {
  if (edge === undefined) return false;
  return address.transport === "tls" || (address.transport === "tcp" && edge.opensPlainTcp === true);
}
