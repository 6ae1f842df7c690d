// Whether a valid configuration is one that the VM can run with. The image's agent
// may open one VSOCK port and its edge one TCP port (gatehouse-agent.service,
// src/vm/qemu.ts), so it is told here and not by a boot that never becomes healthy.
import type { Config } from "../agent/config/mod.ts";
import { formatAddress, parseAddress } from "../transport/address.ts";
import { GatehouseError } from "../vm/errors.ts";
import { GUEST_PORT, type TcpService } from "../vm/machine.ts";

/** Health is asked here. */
const VSOCK = `vsock://any:${GUEST_PORT}`;
/** What reaches the VM from its host; on 127.0.0.1 inside the VM nothing would. */
const HOSTS = ["0.0.0.0", "[::]"];
const TLS = HOSTS.map((host) => `tls://${host}:${GUEST_PORT}`);
const TCP = HOSTS.map((host) => `tcp://${host}:${GUEST_PORT}`);
const ALLOWED = [VSOCK, ...TLS, ...TCP];

/**
 * @returns what answers on the VM's TCP port
 * @throws GatehouseError that names the key, when the VM can't listen so
 */
export function checkVmConfig({ listen }: Config, fileName: string): { tcpService: TcpService } {
  const addresses = listen.addresses.map((text) => formatAddress(parseAddress(text)));
  addresses.forEach((address, index) => {
    if (ALLOWED.includes(address)) return;
    throw new GatehouseError(
      "bad-argument",
      `${fileName}: listen.addresses[${index}]: the VM can't open ${address}`,
      `in a VM use ${
        ALLOWED.join(", ")
      } (plain TCP with insecure_tcp = true); \`gatehouse serve\` opens any address`,
    );
  });
  if (listen.proxied.length > 0) {
    throw new GatehouseError(
      "bad-argument",
      `${fileName}: listen.proxied[0]: the VM's agent can't open ${listen.proxied[0]}`,
      "leave listen.proxied out: the VM has an edge of its own; `gatehouse serve` takes another proxy",
    );
  }
  if (!addresses.includes(VSOCK)) {
    throw new GatehouseError(
      "bad-argument",
      `${fileName}: listen.addresses: ${VSOCK} is missing, where the host asks whether the VM is well`,
      `add "${VSOCK}" to listen.addresses`,
    );
  }
  const onTcp = addresses.filter((address) => address !== VSOCK);
  if (onTcp.length > 1) {
    throw new GatehouseError(
      "bad-argument",
      `${fileName}: listen.addresses: ${onTcp.join(" and ")} are one port, which only one can open`,
      `keep one of them: ${TLS[1]} takes IPv4 too`,
    );
  }
  return { tcpService: onTcp.length === 0 ? "none" : TLS.includes(onTcp[0]) ? "tls" : "tcp" };
}
