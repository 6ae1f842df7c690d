// [network] and [time] in the words of systemd-networkd, of the resolver and of
// systemd-timesyncd. Pure. Must never let a text of the configuration through that it
// didn't parse: whoever writes these files has the machine's network.
import type { Config } from "../config/mod.ts";
import { formatInterfaceAddress, formatIp, parseInterfaceAddress, parseIp } from "../config/ip.ts";
import { timeServer } from "../config/network.ts";

/** Names below the directory that the image's own files link to (src/vm/image/overlay.ts). */
export const NETWORK_FILES = ["gatehouse.network", "resolv.conf", "timesyncd.conf"] as const;

/** Each file's text; undefined: it isn't there, and what the image has by itself counts. */
export type NetworkFiles = Readonly<Record<(typeof NETWORK_FILES)[number], string | undefined>>;

/** @throws Error on a text that the configuration's own check would have refused */
export function renderNetwork({ network, time }: Pick<Config, "network" | "time">): NetworkFiles {
  return {
    "gatehouse.network": isImagesOwn(network) ? undefined : networkFile(network),
    "resolv.conf": network.dns.length === 0
      ? undefined
      : lines(network.dns.map((text) => `nameserver ${host(text)}`)),
    "timesyncd.conf": time.servers.length === 0
      ? undefined
      : lines(["[Time]", `NTP=${time.servers.map(server).join(" ")}`, "FallbackNTP="]),
  };
}

/** The interface's own part: what image/network/80-ethernet.network says without us. */
function isImagesOwn({ addresses, gateways, dhcp, router_advertisements }: Config["network"]): boolean {
  return addresses.length === 0 && gateways.length === 0 && dhcp === "yes" && router_advertisements;
}

/** systemd.network(5). */
export function networkFile(network: Config["network"]): string {
  return lines([
    "[Match]",
    "Type=ether",
    "",
    "[Network]",
    `DHCP=${dhcp(network.dhcp)}`,
    `IPv6AcceptRA=${network.router_advertisements ? "yes" : "no"}`,
    "LLMNR=no",
    "MulticastDNS=no",
    ...network.addresses.map((text) => `Address=${interfaceAddress(text)}`),
    ...network.gateways.map((text) => `Gateway=${host(text)}`),
    "",
    "[DHCPv4]",
    "UseHostname=no",
    "UseTimezone=no",
    "UseNTP=no",
    "SendHostname=no",
  ]);
}

function dhcp(value: Config["network"]["dhcp"]): string {
  const words = { yes: "yes", ipv4: "ipv4", ipv6: "ipv6", no: "no" } as const;
  return words[value];
}

function interfaceAddress(text: string): string {
  const address = parseInterfaceAddress(text);
  if (address === undefined) throw notUnderstood(text);
  return formatInterfaceAddress(address);
}

function host(text: string): string {
  const ip = parseIp(text);
  if (ip === undefined) throw notUnderstood(text);
  return formatIp(ip);
}

function server(text: string): string {
  const name = timeServer(text);
  if (name === undefined) throw notUnderstood(text);
  return name;
}

const notUnderstood = (text: string) => new Error(`${JSON.stringify(text.slice(0, 100))} is no address`);

const lines = (all: readonly string[]): string => all.map((line) => `${line}\n`).join("");
