// What becomes of a call with a key, for the generated test: the signer's half as its own table in code says it
// (dataplane/signer/tests/program/outcomes.rs writes it down), and before it the agent's, which is [access] and who may look.
// Must never state a rule that the signer's table has, nor ask the programs that are tested.
import type { Door } from "../../src/authority/table.ts";
import { type KeyPolicyInit, KeyState } from "../../src/proto/mod.ts";

/** Methods that are called with each key; "List" is whether it is on the list. */
export const METHODS = ["Sign", "SignBatch", "SignStream", "Verify", "Get", "GetPublicKey", "List"] as const;
export type KeyMethod = typeof METHODS[number];

type Use = "Sign" | "Verify";
type KeptState = "ENABLED" | "DISABLED" | "PENDING_DELETION" | "DESTROYED";

/** dataplane/signer/tests/data/outcomes.json. */
interface Outcomes {
  /** Of every key. */
  readonly kind: number;
  /** With which it is signed; the kind knows others. */
  readonly algorithm: number;
  readonly callers: readonly { readonly identity: string; readonly transport: number }[];
  /** By name, each with one rule. */
  readonly policies: Readonly<Record<string, KeyPolicyInit>>;
  /** "OK", or status and reason, for each caller in their order. */
  readonly outcomes: Readonly<
    Record<Use, Readonly<Record<KeptState, Readonly<Record<string, readonly string[]>>>>>
  >;
}

const { kind, algorithm, callers, policies, outcomes } = JSON.parse(
  await Deno.readTextFile(new URL("../../dataplane/signer/tests/data/outcomes.json", import.meta.url)),
) as Outcomes;

export const KIND = kind;
export const ASKED = algorithm;
export const POLICIES = policies;

/** States of keys, and "absent": no key of that id was ever there. */
export const STATES = ["ENABLED", "DISABLED", "PENDING_DELETION", "DESTROYED", "absent"] as const;
export type StateName = typeof STATES[number];

export interface Who {
  readonly door: Door;
  readonly certificate?: "user" | "operator";
  readonly identity: string;
  /** Sees all metadata. */
  readonly operator: boolean;
  /** Names of the policies of the keys that [access] doesn't give him. */
  readonly without: readonly string[];
}

/** How the agent comes to name its callers so. */
const COMES: Readonly<Record<string, Omit<Who, "identity">>> = {
  "dns:user.example": {
    door: "tcp-tls",
    certificate: "user",
    operator: false,
    without: ["same-algorithm", "dates"],
  },
  "dns:operator.example": { door: "tcp-tls", certificate: "operator", operator: true, without: [] },
  tcp: { door: "tcp-plain", operator: false, without: [] },
  "vsock:2": { door: "vsock", operator: false, without: [] },
  unix: { door: "unix", operator: false, without: [] },
};
export const WHO: readonly Who[] = callers.map(({ identity }) => ({ identity, ...COMES[identity] }));

interface Asked {
  readonly method: KeyMethod;
  readonly state: StateName;
  readonly policy: string;
  readonly who: Who;
}

/** What is said of a key that the caller may not see. */
const HIDDEN = "PERMISSION_DENIED KEY_NOT_ALLOWED";
const NOT_FOUND = "NOT_FOUND KEY_NOT_FOUND";

/** Signing or verifying: [access] first, then the signer's table. */
function used(use: Use, { state, policy, who }: Asked): string {
  if (state === "absent" || who.without.includes(policy)) return HIDDEN;
  return outcomes[use][state][policy][callers.findIndex(({ identity }) => identity === who.identity)];
}

/** "OK", or the status and its reason. */
export function expected(asked: Asked): string {
  switch (asked.method) {
    case "Get":
    case "GetPublicKey":
    case "List": {
      // Who may not even verify with it as if there were no such key doesn't see it; operators see all.
      const hidden = !asked.who.operator && used("Verify", asked) === HIDDEN;
      return asked.state === "absent" || hidden ? NOT_FOUND : "OK";
    }
    case "Verify":
      return used("Verify", asked);
    default:
      return used("Sign", asked);
  }
}

/** All states but the one that no key has. */
export const KEPT_STATES: readonly number[] = Object.values(KeyState).filter((state) =>
  state !== KeyState.KEY_STATE_UNSPECIFIED
);
