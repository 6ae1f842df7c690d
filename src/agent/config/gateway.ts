// What the schema asks of [gateway], with what to write instead.
// Must never open or look up anything.
import { formatAddress, parseAddress } from "../../transport/address.ts";
import { addressIssue, listenIssues, type RuleIssue, samePort } from "./addresses.ts";
import { parseIp } from "./ip.ts";

/** RFC 1035, 2.3.4: 253 characters, labels of 63. */
const DNS_NAME =
  /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

/** Why `text` is no origin as browsers send it (RFC 6454, 6.2); undefined when it is one. */
export function originIssue(text: string): RuleIssue | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.origin === text) return undefined;
  const example = url !== undefined && /^https?:$/.test(url.protocol)
    ? url.origin
    : "https://console.example";
  return {
    message: "is no origin as a browser sends it",
    params: { next: `write scheme, host and port alone, like "${example}"` },
  };
}

/** Why `text` is no name for a Host header; undefined when it is one. */
export function hostIssue(text: string): RuleIssue | undefined {
  if (DNS_NAME.test(text) && parseIp(text) === undefined) return undefined;
  return {
    message: "is no host's name in lower case, without a port",
    params: { next: `write it like "gatehouse.example"; IP addresses need no entry` },
  };
}

interface Places {
  readonly listen: {
    readonly addresses: readonly string[];
    readonly proxied: readonly string[];
    readonly insecure_tcp: boolean;
  };
  readonly gateway: { readonly addresses: readonly string[] };
}

/** Rules over the gateway's addresses together, and beside those of [listen]: one address, one protocol. */
export function gatewayIssues({ listen, gateway }: Places): RuleIssue[] {
  const issues = listenIssues(gateway.addresses, listen.insecure_tcp);
  const taken = [...listen.addresses, ...listen.proxied].filter((text) => addressIssue(text) === undefined);
  gateway.addresses.forEach((text, index) => {
    if (addressIssue(text) !== undefined) return;
    const address = parseAddress(text);
    const anyPort = "port" in address && address.port === 0;
    const name = formatAddress(address);
    const rival = taken.find((other) =>
      samePort(other, address) || (!anyPort && formatAddress(parseAddress(other)) === name)
    );
    if (rival === undefined) return;
    issues.push({
      message: `[listen] has ${rival} for gRPC`,
      params: { next: `give the gateway another ${"port" in address ? "port" : "socket"}` },
      path: ["addresses", index],
    });
  });
  return issues;
}
