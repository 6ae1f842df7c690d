// Who a peer is: its transport's own word, and on TCP its certificate's names looked up in the rules of [access].
// Must never give a certificate more than the role OPERATOR, nor anything to one that it can't read.
import type { Peer } from "../grpc/conn.ts";
import { canonicalName } from "../pki/names.ts";
import { Role } from "../proto/mod.ts";
import type { Rule } from "./refusals.ts";
import { setPeerIdentity } from "./caller.ts";
import { ALL_KEYS, type Identity } from "./identity.ts";
import type { Door } from "./table.ts";

/** VMADDR_CID_LOCAL (vsock(7)): a process of this very machine. The listener turns it away already. */
const CID_LOCAL = 1;

export interface IdentityRule {
  /** "dns:…", "uri:…", "email:…" or "ip:…", in its canonical text: compared exactly. */
  readonly san: string;
  readonly role: "user" | "operator";
  /** Names of keys; ALL_KEYS for all. */
  readonly keys: readonly string[];
}

/** The section [access]. */
export interface AccessRules {
  /** Keys of certificates that have no rule of their own. */
  readonly defaultKeys: readonly string[];
  readonly identities: readonly IdentityRule[];
}

/** The rules of a configuration's [access], whose names its check has read. */
export function accessRules({ default_keys, identities }: {
  default_keys: readonly string[];
  identities: readonly IdentityRule[];
}): AccessRules {
  return {
    defaultKeys: default_keys,
    identities: identities.map((rule) => ({ ...rule, san: canonicalName(rule.san) })),
  };
}

/** What is read of a client's certificate. */
export interface CertificateFacts {
  /** Its subject alternative names, in their order, in the form of IdentityRule.san. */
  readonly names: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** A peer as the rules in force have it. */
export interface Caller {
  readonly door: Door;
  readonly identity: Identity;
  /** Nothing is served to it, whatever it asks for. */
  readonly refusal?: Rule;
  /** When its certificate holds, milliseconds since 1970. */
  readonly validMs?: { readonly from: number; readonly to: number };
}

interface Known extends Caller {
  readonly generation: number;
}

/**
 * ```ts
 * const policy = new AccessPolicy({ defaultKeys: [], identities: [] }, readCertificate);
 * policy.callerAt(call.peer).identity.name; // "vsock:2"
 * ```
 */
export class AccessPolicy {
  readonly #known = new WeakMap<Peer, Known>();
  #rules: ReadonlyMap<string, IdentityRule> = new Map();
  #defaultKeys: readonly string[] = [];
  #generation = 0;

  /** @param readCertificate throws when the DER is no certificate */
  constructor(rules: AccessRules, private readonly readCertificate: (der: Uint8Array) => CertificateFacts) {
    this.setRules(rules);
  }

  /** Puts other rules in force, for connections that are open too, and for calls whose requests are still to come. */
  setRules(rules: AccessRules): void {
    this.#rules = new Map(rules.identities.map((rule) => [rule.san, rule]));
    this.#defaultKeys = [...rules.defaultKeys];
    this.#generation++;
  }

  /** Who that peer is now; found out once for each connection and each set of rules. */
  callerAt(peer: Peer): Caller {
    const known = this.#known.get(peer);
    if (known !== undefined && known.generation === this.#generation) return known;
    const caller = { ...this.#look(peer), generation: this.#generation };
    this.#known.set(peer, caller);
    if (known === undefined) setPeerIdentity(peer, () => this.callerAt(peer).identity);
    return caller;
  }

  #look(peer: Peer): Caller {
    const { transport } = peer;
    if (transport === "tcp") {
      return peer.tls === undefined ? ofTransport("tcp-plain", "tcp", peer) : this.#byTls(peer);
    }
    if (transport === "unix") return ofTransport("unix", "unix", peer);
    const name = `vsock:${peer.cid ?? "?"}`;
    if (peer.cid === undefined || peer.cid === CID_LOCAL) {
      return nobody("vsock", name, peer, "CID_LOCAL");
    }
    return ofTransport("vsock", name, peer);
  }

  #byTls(peer: Peer): Caller {
    const der = peer.tls?.clientCertificate;
    if (der === undefined) {
      return nobody("tcp-tls", "tls", peer, "CERTIFICATE_MISSING");
    }
    let facts: CertificateFacts;
    try {
      facts = this.readCertificate(der);
    } catch {
      return nobody("tcp-tls", "tls", peer, "CERTIFICATE_UNREADABLE");
    }
    const rule = facts.names.map((name) => this.#rules.get(name)).find((found) => found !== undefined);
    return {
      door: "tcp-tls",
      identity: {
        name: rule?.san ?? facts.names[0] ?? "tls:no-name",
        role: rule?.role === "operator" ? Role.OPERATOR : Role.USER,
        transport: "tcp",
        keys: rule?.keys ?? this.#defaultKeys,
      },
      validMs: { from: facts.notBefore.getTime(), to: facts.notAfter.getTime() },
    };
  }
}

/** The operator opened this transport to whoever reaches it. */
function ofTransport(door: Door, name: string, { transport }: Peer): Caller {
  return { door, identity: { name, role: Role.USER, transport, keys: [ALL_KEYS] } };
}

function nobody(door: Door, name: string, { transport }: Peer, refusal: Rule): Caller {
  return { door, identity: { name, role: Role.ROLE_UNSPECIFIED, transport, keys: [] }, refusal };
}
