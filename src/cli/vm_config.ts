// Whether a valid configuration is one that the VM can run with. The image's agent
// may open one VSOCK port for gRPC and one for the gateway, and its edge a TCP port
// for each (gatehouse-agent.service, src/vm/qemu.ts), so it is told here and not by
// a boot that never becomes healthy.
import type { Config } from "../agent/config/mod.ts";
import { formatAddress, parseAddress } from "../transport/address.ts";
import { GatehouseError } from "../vm/errors.ts";
import {
  GATEWAY_TCP_PORT,
  GATEWAY_VSOCK_PORT,
  type GatewayService,
  GUEST_PORT,
  type TcpService,
} from "../vm/machine.ts";

/** Health is asked here. */
const VSOCK = `vsock://any:${GUEST_PORT}`;
/** What reaches the VM from its host; on 127.0.0.1 inside the VM nothing would. */
const HOSTS = ["0.0.0.0", "[::]"];
const onTcp = (port: number): string[] =>
  ["tls", "tcp"].flatMap((transport) => HOSTS.map((host) => `${transport}://${host}:${port}`));
const ALLOWED = [VSOCK, ...onTcp(GUEST_PORT)];
const GATEWAY_VSOCK = `vsock://any:${GATEWAY_VSOCK_PORT}`;
const GATEWAY_ALLOWED = [GATEWAY_VSOCK, ...onTcp(GATEWAY_TCP_PORT)];

/** What the VM's addresses lead to. */
export interface VmServices {
  readonly tcpService: TcpService;
  readonly gateway: GatewayService;
}

/** @throws GatehouseError that names the key, when the VM can't listen so */
export function checkVmConfig({ listen, gateway }: Config, fileName: string): VmServices {
  const addresses = checked("listen.addresses", listen.addresses, ALLOWED, fileName);
  const gatewayAddresses = checked("gateway.addresses", gateway.addresses, GATEWAY_ALLOWED, fileName);
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
  return {
    tcpService: tcpServiceOf("listen.addresses", addresses, fileName),
    gateway: {
      vsock: gatewayAddresses.includes(GATEWAY_VSOCK),
      tcp: tcpServiceOf("gateway.addresses", gatewayAddresses, fileName),
    },
  };
}

/** The addresses as they are compared. */
function checked(
  key: string,
  texts: readonly string[],
  allowed: readonly string[],
  fileName: string,
): string[] {
  const addresses = texts.map((text) => formatAddress(parseAddress(text)));
  const index = addresses.findIndex((address) => !allowed.includes(address));
  if (index < 0) return addresses;
  throw new GatehouseError(
    "bad-argument",
    `${fileName}: ${key}[${index}]: the VM can't open ${addresses[index]}`,
    `in a VM use ${
      allowed.join(", ")
    } (plain TCP with insecure_tcp = true); \`gatehouse serve\` opens any address`,
  );
}

function tcpServiceOf(key: string, addresses: readonly string[], fileName: string): TcpService {
  const [first, ...others] = addresses.filter((address) => !address.startsWith("vsock:"));
  if (first === undefined) return "none";
  if (others.length > 0) {
    throw new GatehouseError(
      "bad-argument",
      `${fileName}: ${key}: ${[first, ...others].join(" and ")} are one port, which only one can open`,
      `keep one of them: ${first.replace("//0.0.0.0:", "//[::]:")} takes IPv4 too`,
    );
  }
  return first.startsWith("tls:") ? "tls" : "tcp";
}
