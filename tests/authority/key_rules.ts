// What becomes of a call with a key, as keys.proto and crypto.proto say it: the rules in the order in which they are asked,
// for the generated test. Must never ask the programs that are tested.
import type { Door } from "../../src/authority/table.ts";
import { Algorithm, type KeyPolicyInit, KeyState, Transport } from "../../src/proto/mod.ts";

/** Methods that are called with each key; "List" is whether it is on the list. */
export const METHODS = ["Sign", "SignBatch", "SignStream", "Verify", "Get", "GetPublicKey", "List"] as const;
export type KeyMethod = typeof METHODS[number];

/** With which it is signed; the key is of P-384 and may know others. */
export const ASKED = Algorithm.ECDSA_P384_SHA384;

const FUTURE_MS = Date.UTC(2100, 0, 1);
const PAST_MS = Date.UTC(2020, 0, 1);

/** Policies by name, each with one rule; `user` is the identity of the certificate of that name. */
export const POLICIES = {
  none: {},
  algorithm: { algorithms: [Algorithm.ECDSA_P384_SHA256] },
  "same-algorithm": { algorithms: [ASKED] },
  identity: { identities: ["dns:user.example", "unix"] },
  transport: { transports: [Transport.TCP_TLS, Transport.VSOCK] },
  future: { not_before_ms: FUTURE_MS },
  past: { not_after_ms: PAST_MS },
  dates: { not_before_ms: PAST_MS, not_after_ms: FUTURE_MS },
} satisfies Record<string, KeyPolicyInit>;
export type PolicyName = keyof typeof POLICIES;

/** States of keys, and "absent": no key of that id was ever there. */
export const STATES = ["ENABLED", "DISABLED", "PENDING_DELETION", "DESTROYED", "absent"] as const;
export type StateName = typeof STATES[number];

export interface Who {
  readonly door: Door;
  readonly certificate?: "user" | "operator";
  readonly identity: string;
  readonly transport: number;
  /** Sees all metadata. */
  readonly operator: boolean;
  /** Policies of the keys that [access] doesn't give him. */
  readonly without: readonly PolicyName[];
}

export const WHO: readonly Who[] = [
  {
    door: "tcp-tls",
    certificate: "user",
    identity: "dns:user.example",
    transport: Transport.TCP_TLS,
    operator: false,
    without: ["same-algorithm", "dates"],
  },
  {
    door: "tcp-tls",
    certificate: "operator",
    identity: "dns:operator.example",
    transport: Transport.TCP_TLS,
    operator: true,
    without: [],
  },
  ...([["tcp-plain", "tcp", Transport.TCP_PLAIN], ["vsock", "vsock:2", Transport.VSOCK], [
    "unix",
    "unix",
    Transport.UNIX,
  ]] as const).map(([door, identity, transport]) => ({
    door,
    identity,
    transport,
    operator: false,
    without: [],
  })),
];

interface Asked {
  readonly method: KeyMethod;
  readonly state: StateName;
  readonly policy: PolicyName;
  readonly who: Who;
}

interface Rule {
  readonly reason: string;
  readonly code: string;
  /** Verifying only says that a key is there: what keeps it from signing doesn't keep it from that. */
  readonly ofVerify: boolean;
  readonly refuses: (asked: Asked, policy: Policy) => boolean;
}

interface Policy {
  readonly algorithms?: readonly number[];
  readonly identities?: readonly string[];
  readonly transports?: readonly number[];
  readonly not_before_ms?: number;
  readonly not_after_ms?: number;
}

const notIn = <T>(allowed: readonly T[] | undefined, one: T) =>
  allowed !== undefined && !allowed.includes(one);
const inState = (name: StateName) => ({ state }: Asked) => state === name;
const rule = (reason: string, code: string, ofVerify: boolean, refuses: Rule["refuses"]): Rule => ({
  reason,
  code,
  ofVerify,
  refuses,
});

/** May see it: by [access] and by the key's own list. */
const hidden = ({ who, policy, state }: Asked, { identities }: Policy): boolean =>
  state === "absent" || who.without.includes(policy) || notIn(identities, who.identity);

/** From the top: the first that refuses is the answer. */
const RULES: readonly Rule[] = [
  rule("KEY_NOT_ALLOWED", "PERMISSION_DENIED", true, hidden),
  rule(
    "TRANSPORT_NOT_ALLOWED",
    "PERMISSION_DENIED",
    true,
    ({ who }, { transports }) => notIn(transports, who.transport),
  ),
  rule("KEY_DESTROYED", "FAILED_PRECONDITION", false, inState("DESTROYED")),
  rule("KEY_PENDING_DELETION", "FAILED_PRECONDITION", false, inState("PENDING_DELETION")),
  rule("KEY_DISABLED", "FAILED_PRECONDITION", false, inState("DISABLED")),
  rule("ALGORITHM_NOT_ALLOWED", "PERMISSION_DENIED", false, (_, { algorithms }) => notIn(algorithms, ASKED)),
  rule(
    "KEY_NOT_YET_VALID",
    "PERMISSION_DENIED",
    false,
    (_, { not_before_ms = 0 }) => not_before_ms > Date.now(),
  ),
  rule(
    "KEY_EXPIRED",
    "PERMISSION_DENIED",
    false,
    (_, { not_after_ms = Infinity }) => not_after_ms < Date.now(),
  ),
];

/** "OK", or the status and its reason. */
export function expected(asked: Asked): string {
  const policy: Policy = POLICIES[asked.policy];
  if (asked.method === "List" || asked.method === "Get" || asked.method === "GetPublicKey") {
    const seen = asked.state !== "absent" && (asked.who.operator || !hidden(asked, policy));
    return seen ? "OK" : "NOT_FOUND KEY_NOT_FOUND";
  }
  const verifying = asked.method === "Verify";
  const found = RULES.find(({ ofVerify, refuses }) => (ofVerify || !verifying) && refuses(asked, policy));
  return found === undefined ? "OK" : `${found.code} ${found.reason}`;
}

/** All states but the one that no key has. */
export const KEPT_STATES: readonly number[] = Object.values(KeyState).filter((state) =>
  state !== KeyState.KEY_STATE_UNSPECIFIED
);
