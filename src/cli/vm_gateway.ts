// How a VM's HTTP gateway is named to people: its VSOCK address as it is, its TCP port as a browser and curl take it.
import type { GatewayAddresses } from "../vm/machine.ts";

/** Label and address of each way in. */
export function gatewayRows(gateway: GatewayAddresses = {}): [label: string, address: string][] {
  const rows: [string, string | undefined][] = [
    ["HTTP", gateway.vsock],
    ["HTTPS", gateway.tls?.replace(/^tls:/, "https:")],
    ["HTTP", gateway.tcp?.replace(/^tcp:/, "http:")],
  ];
  return rows.flatMap(([label, address]) => address === undefined ? [] : [[label, address]]);
}
