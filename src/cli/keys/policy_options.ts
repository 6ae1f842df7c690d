// A key's policy from the command line: on a new key, or in place of rules that it has.
// Must never change a rule that isn't named.
import type { Command } from "commander";
import type { KeyPolicy, KeyPolicyInit } from "../../proto/mod.ts";
import { GatehouseError } from "../../vm/errors.ts";
import { wholeNumber } from "../command.ts";
import { collect, collectList } from "../repeatable.ts";
import { parseInstant } from "../times.ts";
import { ALGORITHM_NAMES, parseAnyAlgorithm, parseTransport, TRANSPORT_NAMES } from "../words.ts";

/** What takes a rule away. */
const ANY = "any";
/** uint32. */
const MAX_RATE = 2 ** 32 - 1;

export interface PolicyFlags {
  allowAlgorithm?: string[];
  allowIdentity?: string[];
  allowTransport?: string[];
  notBefore?: string;
  notAfter?: string;
  rate?: string;
}

export const policyOptions = (command: Command): Command =>
  command
    .option("--allow-algorithm <names>", `signs with these only: ${ALGORITHM_NAMES.join(", ")}`, collectList)
    .option(
      "--allow-identity <name>",
      "signs for this caller, as `gatehouse whoami` names it; repeatable",
      collect,
    )
    .option("--allow-transport <names>", `signs over these only: ${TRANSPORT_NAMES.join(", ")}`, collectList)
    .option("--not-before <time>", "signs from then on: 2027-01-31 or RFC 3339")
    .option("--not-after <time>", "signs until then")
    .option("--rate <n>", "signatures a second, over all callers");

export const namesPolicy = (flags: PolicyFlags): boolean => Object.keys(policyOf(flags)).length > 0;

/** The rules that the options name; `any` takes one away. @throws GatehouseError */
export function policyOf(flags: PolicyFlags): KeyPolicyInit {
  const policy: KeyPolicyInit = {};
  if (flags.allowAlgorithm) {
    policy.algorithms = listOf(
      "--allow-algorithm",
      flags.allowAlgorithm,
      (name) => parseAnyAlgorithm(name, "--allow-algorithm"),
    );
  }
  if (flags.allowIdentity) {
    policy.identities = listOf("--allow-identity", flags.allowIdentity, (name) => name);
  }
  if (flags.allowTransport) {
    policy.transports = listOf(
      "--allow-transport",
      flags.allowTransport,
      (name) => parseTransport(name, "--allow-transport"),
    );
  }
  if (flags.notBefore !== undefined) policy.not_before_ms = instantOf("--not-before", flags.notBefore);
  if (flags.notAfter !== undefined) policy.not_after_ms = instantOf("--not-after", flags.notAfter);
  if (flags.rate !== undefined) {
    policy.signatures_per_second = flags.rate === ANY ? 0 : wholeNumber("--rate", flags.rate, 1, MAX_RATE);
  }
  return policy;
}

/** A key's policy with the named rules in place of those it had. */
export const withRules = (before: KeyPolicy | null | undefined, rules: KeyPolicyInit): KeyPolicyInit => ({
  ...before,
  ...rules,
});

const instantOf = (option: string, text: string) => text === ANY ? 0 : parseInstant(option, text);

function listOf<T>(option: string, texts: readonly string[], parse: (text: string) => T): T[] {
  if (!texts.includes(ANY)) return texts.map(parse);
  if (texts.length === 1) return [];
  throw new GatehouseError(
    "bad-argument",
    `${option} ${ANY} takes the rule away, and others are given besides`,
    `give ${option} ${ANY} alone, or leave it out`,
  );
}
