// The configuration that `gatehouse serve` is given: the file, and what the command line says of listening and of TLS.
import { join } from "node:path";
import { checkConfig, type Config, loadConfig, setKey } from "../agent/config/mod.ts";
import { formatAddress, parseAddress } from "../transport/address.ts";
import { checkPlainTcp } from "../transport/plain_tcp.ts";
import { GatehouseError } from "../vm/errors.ts";
import { readConfigText } from "./config.ts";

export interface ServeConfigFlags {
  listen?: string[];
  gateway?: string[];
  config?: string;
  insecureTcp: boolean;
}

/** Where --tls listens when nothing says where. */
const DEFAULT_TLS = "tls://127.0.0.1:50051";
/** Where the gateway joins it: the kernel chooses the port. */
const DEFAULT_GATEWAY_TLS = "tls://127.0.0.1:0";

export interface GivenConfig {
  /** No text at all when neither file nor command line says anything. */
  readonly toml?: string;
  readonly fileName: string;
  /** Hosts of its tls:// addresses. */
  readonly tlsHosts: readonly string[];
}

/**
 * @param state without --listen and --config, TLS is joined by a Unix socket there, over which it is administrated
 * @param tls whether TLS was asked for; without --gateway and --config the gateway has it too
 */
export async function givenConfig(
  flags: ServeConfigFlags,
  state: string,
  tls: boolean,
): Promise<GivenConfig> {
  const fileName = flags.config ?? "(command line)";
  let toml = flags.config === undefined ? undefined : await readConfigText(flags.config);
  const config = loadConfig(toml ?? "", fileName);
  checkListen("--listen", flags.listen, flags, config);
  checkListen("--gateway", flags.gateway, flags, config);
  let listen = flags.listen;
  const isTls = (address: string) => parseAddress(address).transport === "tls";
  if (tls && !(listen ?? config.listen.addresses).some(isTls)) {
    const others = flags.config === undefined
      ? [`unix://${join(state, "gatehouse.sock")}`]
      : config.listen.addresses;
    listen = [DEFAULT_TLS, ...listen ?? others];
  }
  if (listen !== undefined) toml = setKey(toml ?? "", "listen", "addresses", JSON.stringify(listen));
  if (flags.insecureTcp) toml = setKey(toml ?? "", "listen", "insecure_tcp", "true");
  const gateway = flags.gateway ?? (flags.config === undefined ? defaultGateway(state, tls) : undefined);
  if (gateway !== undefined) toml = setKey(toml ?? "", "gateway", "addresses", JSON.stringify(gateway));
  const whole = loadConfig(toml ?? "", fileName);
  const tlsHosts = [...whole.listen.addresses, ...whole.gateway.addresses].map(parseAddress).flatMap((
    address,
  ) => address.transport === "tls" ? [address.hostname] : []);
  return { toml, fileName, tlsHosts };
}

/** Lets the client that serve makes a certificate for use every key and look, as `up` does its own, where the configuration says nothing of clients. */
export function admitClient(given: GivenConfig, name: string): GivenConfig {
  const toml = given.toml ?? "";
  const { identities, default_keys } = loadConfig(toml, given.fileName).access;
  if (identities.length > 0 || default_keys.length > 0) return given;
  // As a table of its own, others can be written behind it; where the text has the key already, only in its place.
  const gap = toml === "" ? "" : toml.endsWith("\n") ? "\n" : "\n\n";
  const appended =
    `${toml}${gap}[[access.identities]]\nsan = "dns:${name}"\nrole = "operator"\nkeys = ["*"]\n`;
  if (checkConfig(appended, given.fileName).length === 0) return { ...given, toml: appended };
  const inPlace = `[{ san = "dns:${name}", role = "operator", keys = ["*"] }]`;
  return { ...given, toml: setKey(toml, "access", "identities", inPlace) };
}

/** Where the gateway listens when nothing says where. */
const defaultGateway = (state: string, tls: boolean): string[] => [
  `unix://${join(state, "http.sock")}`,
  ...tls ? [DEFAULT_GATEWAY_TLS] : [],
];

function checkListen(
  option: string,
  addresses: readonly string[] = [],
  { insecureTcp }: ServeConfigFlags,
  config: Config,
): void {
  for (const address of addresses) {
    const refusal = checkPlainTcp(parseAddress(address), insecureTcp || config.listen.insecure_tcp);
    if (refusal) {
      throw new GatehouseError(
        "bad-argument",
        refusal,
        "listen on 127.0.0.1, use tls://, or add --insecure-tcp",
      );
    }
    refuseProxied(option, address, config);
  }
}

/** One socket can't both demand a PROXY header and be without one. */
function refuseProxied(option: string, address: string, { listen }: Config): void {
  const name = formatAddress(parseAddress(address));
  if (!listen.proxied.some((text) => formatAddress(parseAddress(text)) === name)) return;
  throw new GatehouseError(
    "bad-argument",
    `${option} ${name}: the configuration has it in listen.proxied`,
    `leave it out of ${option}: serve opens the configuration's proxied sockets by itself`,
  );
}
