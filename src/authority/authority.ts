// The authority of one agent: who its callers are, what each may do, who administrates it.
// Must never belong to one generation of the server: what was proven or refused holds for all of them.
import type { EmitEvent } from "../agent/event_sink.ts";
import type { Logger } from "../agent/log/mod.ts";
import { type Clock, systemClock } from "../grpc/clock.ts";
import type { Admit } from "../grpc/server.ts";
import { readCertificate } from "../pki/certificate.ts";
import { AccessPolicy, type AccessRules } from "./access_policy.ts";
import { AdminStore } from "./admin_store.ts";
import { type Denial, Denials } from "./denials.ts";
import { Gate, type KnownTime } from "./gate.ts";
import { GuardedServer, type ServiceHost } from "./guarded_server.ts";
import { Nonces } from "./nonces.ts";
import { ProofCheck } from "./proof_check.ts";
import type { Rule } from "./refusals.ts";

export interface AuthorityOptions {
  /** Holds the list of administrators. */
  readonly stateDir: string;
  /** Holds the first administrator's public key, `gatehouse.admin`. */
  readonly credentialsDir?: string;
  readonly instanceId: string;
  readonly rules: AccessRules;
  readonly log: Logger;
  readonly emit: EmitEvent;
  /** Whether certificates can be judged. */
  readonly clock: KnownTime;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** For lifetimes and rates; default: the system's, which never steps. */
  readonly timers?: Clock;
}

export interface Authority {
  /** For ServerOptions. */
  readonly admit: Admit;
  /** What services are added to, in place of the server. */
  guard(server: ServiceHost): ServiceHost;
  /** Puts other rules of [access] in force, for the next call of every connection. */
  setRules(rules: AccessRules): void;
  readonly admins: AdminStore;
  readonly nonces: Nonces;
  /** Tells of a refusal that a handler decides. */
  readonly denied: (denial: Denial) => void;
  /** How often each rule refused, whoever decided by it. */
  readonly denials: () => ReadonlyMap<Rule, number>;
}

export async function createAuthority(options: AuthorityOptions): Promise<Authority> {
  const { instanceId, log, emit, timers = systemClock } = options;
  const admins = await AdminStore.open(options);
  const policy = new AccessPolicy(options.rules, readCertificate);
  const nonces = new Nonces(timers);
  const proofs = new ProofCheck(instanceId, admins, nonces, timers);
  const denials = new Denials(log, emit, timers);
  const gate = new Gate({ policy, proofs, denials, clock: options.clock, now: options.now });
  return {
    admit: gate.admit,
    guard: (server) => new GuardedServer(server, { policy, proofs, denials }),
    setRules: (rules) => policy.setRules(rules),
    admins,
    nonces,
    denied: denials.tell,
    denials: () => denials.counts,
  };
}
