// What the schema asks of addresses, with what to write instead.
// Must never parse an address by itself: src/transport knows how.
import { type Address, AddressError, formatAddress, parseAddress } from "../../transport/address.ts";
import { isLoopback } from "../../transport/plain_tcp.ts";

/** One finding of a rule: the reason, what to do, and where under the checked value. */
export interface RuleIssue {
  message: string;
  params: { next: string };
  path?: (string | number)[];
}

const EXAMPLES = `write one like "vsock://any:50051", "tls://0.0.0.0:50051" or "unix:///run/gatehouse.sock"`;

/** Why `text` is no address; undefined when it is one. */
export function addressIssue(text: string): RuleIssue | undefined {
  try {
    parseAddress(text);
    return undefined;
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    if (text.startsWith("/")) {
      return { message: "a path alone is no address", params: { next: `write it as "unix://${text}"` } };
    }
    const [message, example] = error.message.split("; an example: ");
    return { message, params: { next: example === undefined ? EXAMPLES : `write one like "${example}"` } };
  }
}

/** Rules over the addresses together: no plain TCP beyond loopback unless allowed, none twice. */
export function listenIssues(texts: readonly string[], insecureTcp: boolean): RuleIssue[] {
  const issues: RuleIssue[] = [];
  const seen = new Set<string>();
  texts.forEach((text, index) => {
    if (addressIssue(text) !== undefined) return;
    const path = ["addresses", index];
    const address = parseAddress(text);
    const canonical = formatAddress(address);
    if (address.transport === "tcp" && !insecureTcp && !isLoopback(address)) {
      const loopback = `tcp://127.0.0.1:${address.port}`;
      issues.push({
        message: `${canonical} is open to the network, and has no encryption`,
        params: {
          next:
            `write "${canonical.replace("tcp:", "tls:")}", listen at "${loopback}" or at a vsock: or unix: ` +
            "address, or allow it with insecure_tcp = true",
        },
        path,
      });
    }
    const rival = texts.slice(0, index).find((other) => samePort(other, address));
    if (rival !== undefined) {
      issues.push({
        message: `port ${"port" in address ? address.port : ""} is ${rival}'s already`,
        params: { next: "give one of the two another port" },
        path,
      });
    }
    const anyPort = "port" in address && address.port === 0;
    if (seen.has(canonical) && !anyPort) {
      issues.push({
        message: `${canonical} is in the list twice`,
        params: { next: "remove one of the two" },
        path,
      });
    }
    seen.add(canonical);
  });
  return issues;
}

/** TLS and plain text can't share a port, whatever the hosts: which one answered would depend on the caller's route. */
export function samePort(text: string, address: Address): boolean {
  if (addressIssue(text) !== undefined || !("port" in address) || address.port === 0) return false;
  const other = parseAddress(text);
  const pair = [other.transport, address.transport].sort().join();
  return pair === "tcp,tls" && "port" in other && other.port === address.port;
}

/** Rules over the sockets of a proxy: Unix sockets only, none twice, none where others listen without a proxy. */
export function proxiedIssues(texts: readonly string[], addresses: readonly string[]): RuleIssue[] {
  const issues: RuleIssue[] = [];
  const plain = new Set(addresses.filter((text) => addressIssue(text) === undefined).map(canonical));
  const seen = new Set<string>();
  texts.forEach((text, index) => {
    if (addressIssue(text) !== undefined) return;
    const name = canonical(text);
    const found = (message: string, next: string) =>
      issues.push({ message, params: { next }, path: ["proxied", index] });
    if (parseAddress(text).transport !== "unix") {
      found(
        "a proxy is believed on a Unix socket only",
        `write one like "unix:///run/gatehouse-edge/agent.sock"`,
      );
    } else if (plain.has(name)) {
      found(`${name} is in addresses too, where no PROXY header is taken`, "give each a socket of its own");
    } else if (seen.has(name)) {
      found(`${name} is in the list twice`, "remove one of the two");
    }
    seen.add(name);
  });
  return issues;
}

const canonical = (text: string) => formatAddress(parseAddress(text));

/** Why `text` is no collector's address; undefined when it is one, or empty. */
export function collectorIssue(text: string): RuleIssue | undefined {
  if (text === "") return undefined;
  const issue = addressIssue(text);
  if (issue !== undefined) return issue;
  if (parseAddress(text).transport !== "tls") return undefined;
  return {
    message: "the agent doesn't speak TLS to a collector",
    params: {
      next: `put one beside it that does: write its address like "vsock://2:4317" or "tcp://127.0.0.1:4317"`,
    },
  };
}

/** Why `text` is no address of a Unix socket; undefined when it is one. */
export function signerSocketIssue(text: string): RuleIssue | undefined {
  const issue = addressIssue(text);
  if (issue !== undefined) return issue;
  if (parseAddress(text).transport === "unix") return undefined;
  const next = `write one like "unix:///run/gatehouse-signer/signer.sock"`;
  return { message: "the signer answers on a Unix socket only", params: { next } };
}
