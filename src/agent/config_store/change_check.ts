// Whether a configuration may come after the one in force: everything that can be known before anything is touched.
// Must never change anything.
import { revokedNoLonger } from "../../pki/revocation_list.ts";
import { type Address, formatAddress, parseAddress } from "../../transport/address.ts";
import { checkConfig, type Config, loadConfig } from "../config/mod.ts";
import type { TlsFiles } from "./applier.ts";
import type { Content } from "./live_parts.ts";
import { ConfigRefusal, type Violation } from "./refusal.ts";
import { checkTls } from "./tls_check.ts";

/** Whether the machine's time can be believed. */
export interface ClockState {
  readonly known: boolean;
  readonly reason: string;
}

export interface Circumstances {
  readonly clock: ClockState;
  readonly now: () => number;
  readonly hasEdge: boolean;
  /** By which address the caller came, as getPeer() has it. */
  readonly peer: string;
}

/**
 * @returns what the texts mean, and what is to be said of it though it is no reason to refuse
 * @throws {ConfigRefusal} with everything that is wrong
 */
export function checkChange(
  { toml, tls }: { toml: string; tls: TlsFiles },
  before: Content,
  circumstances: Circumstances,
): { next: Content; warnings: string[] } {
  const problems = checkConfig(toml, "toml");
  const violations: Violation[] = problems.map(({ line, column, key, reason, next }) => ({
    field: "toml",
    description: `${line}:${column}: ${key === "" ? "" : `${key}: `}${reason}; ${next}`,
  }));
  const config = problems.length === 0 ? loadConfig(toml, "toml") : undefined;
  const wantsTls = config !== undefined && hasTls(config);
  const warnings: string[] = [];

  const tlsChanged = !sameTls(tls, before.tls);
  const news = tlsChanged || (wantsTls && !hasTls(before.config));
  if (news && Object.values(tls).some((part) => part !== undefined) && !circumstances.clock.known) {
    throw new ConfigRefusal(
      "precondition",
      "CLOCK_UNKNOWN",
      `certificates can't be judged while the time isn't known: ${circumstances.clock.reason}`,
    );
  }
  for (const { field, description } of checkTls(tls, wantsTls, circumstances.now())) {
    // What was in force already must not keep an administrator from changing something else.
    if (news) violations.push({ field: `tls.${field}`, description });
    else warnings.push(`tls.${field}: ${description}`);
  }
  if (violations.length > 0 || config === undefined) throw ConfigRefusal.invalid(violations);
  if (wantsTls && !circumstances.hasEdge) {
    throw new ConfigRefusal(
      "precondition",
      "NO_EDGE",
      "a tls:// address needs the edge, which this server wasn't started with; start it with `gatehouse serve --tls`, " +
        "or leave that address out",
    );
  }
  warnings.push(...changeWarnings(before.config, config, circumstances.peer));
  for (const [issuer, count] of revokedNoLonger(before.tls.crlPem, tls.crlPem)) {
    warnings.push(
      `${count} certificates that ${issuer} has revoked are taken again, if that CA still is (crl_pem)`,
    );
  }
  if (tlsChanged && tls.certificatePem !== undefined && !wantsTls) {
    warnings.push("the TLS material is kept, and no tls:// address uses it");
  }
  return { next: { config, tls }, warnings };
}

/** What a caller can give of TLS material: a part that is undefined stays, one that is empty goes. */
export function mergeTls(before: TlsFiles, change: TlsFiles | undefined): TlsFiles {
  const part = (name: keyof TlsFiles) => {
    const value = change?.[name] ?? before[name];
    return value === "" || value === undefined ? {} : { [name]: value };
  };
  return {
    ...part("certificatePem"),
    ...part("privateKeyPem"),
    ...part("clientCaPem"),
    ...part("crlPem"),
  };
}

export function sameTls(a: TlsFiles, b: TlsFiles): boolean {
  return a.certificatePem === b.certificatePem && a.privateKeyPem === b.privateKeyPem &&
    a.clientCaPem === b.clientCaPem && a.crlPem === b.crlPem;
}

/** Addresses of gRPC and of the gateway. */
const allAddresses = ({ listen, gateway }: Config): Address[] =>
  [...listen.addresses, ...gateway.addresses].map(parseAddress);

export const hasTls = (config: Config): boolean =>
  allAddresses(config).some(({ transport }) => transport === "tls");

function changeWarnings(before: Config, next: Config, peer: string): string[] {
  const warnings: string[] = [];
  if (cutsOff(next, peer)) {
    warnings.push(
      `the address by which you are calling (${peer}) goes; make sure that another one reaches you`,
    );
  }
  if (
    allAddresses(next).some(({ transport }) => transport === "tcp") && next.listen.insecure_tcp
  ) {
    warnings.push("tcp:// addresses are open with neither encryption nor identity (insecure_tcp)");
  }
  if (JSON.stringify(next.signer) !== JSON.stringify(before.signer)) {
    warnings.push("[signer] is read at the start only; restart the agent for it");
  }
  return warnings;
}

/** Administrators come over VSOCK and Unix sockets. Of VSOCK the listener's address isn't known here: any one will do. */
function cutsOff(next: Config, peer: string): boolean {
  const addresses = allAddresses(next);
  if (peer.startsWith("vsock")) return !addresses.some(({ transport }) => transport.startsWith("vsock"));
  if (!peer.startsWith("unix:")) return false;
  return !addresses.some((address) => address.transport === "vsock+unix" || formatAddress(address) === peer);
}
