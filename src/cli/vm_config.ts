// Whether a valid configuration is one that the VM can run with. The image's agent
// may open three addresses and no other (gatehouse-agent.service's --allow-net), so
// it is told here and not by a boot that never becomes healthy.
import type { Config } from "../agent/config/mod.ts";
import { formatAddress, parseAddress } from "../transport/address.ts";
import { GatehouseError } from "../vm/errors.ts";
import { GUEST_PORT } from "../vm/machine.ts";

/** Health is asked here. */
const VSOCK = `vsock://any:${GUEST_PORT}`;
/** What reaches the VM from its host; on 127.0.0.1 inside the VM nothing would. */
const TCP = [`tcp://0.0.0.0:${GUEST_PORT}`, `tcp://[::]:${GUEST_PORT}`];
const ALLOWED = [VSOCK, ...TCP];

/**
 * @returns whether the VM is reached over TCP too
 * @throws GatehouseError that names the key, when the VM can't listen so
 */
export function checkVmConfig({ listen }: Config, fileName: string): { tcp: boolean } {
  const addresses = listen.addresses.map((text) => formatAddress(parseAddress(text)));
  addresses.forEach((address, index) => {
    if (ALLOWED.includes(address)) return;
    throw new GatehouseError(
      "bad-argument",
      `${fileName}: listen.addresses[${index}]: the VM's agent can't open ${address}`,
      `in a VM use ${
        ALLOWED.join(", ")
      } (TCP with insecure_tcp = true); \`gatehouse serve\` opens any address`,
    );
  });
  if (listen.proxied.length > 0) {
    throw new GatehouseError(
      "bad-argument",
      `${fileName}: listen.proxied[0]: the VM's agent can't open ${listen.proxied[0]}`,
      "leave listen.proxied out: no proxy stands before the agent in a VM; `gatehouse serve` takes one",
    );
  }
  if (!addresses.includes(VSOCK)) {
    throw new GatehouseError(
      "bad-argument",
      `${fileName}: listen.addresses: ${VSOCK} is missing, where the host asks whether the VM is well`,
      `add "${VSOCK}" to listen.addresses`,
    );
  }
  const tcp = addresses.filter((address) => TCP.includes(address));
  if (tcp.length > 1) {
    throw new GatehouseError(
      "bad-argument",
      `${fileName}: listen.addresses: ${tcp.join(" and ")} are one port, which only the first can open`,
      `leave ${TCP[0]} out: ${TCP[1]} takes IPv4 too`,
    );
  }
  return { tcp: tcp.length > 0 };
}
