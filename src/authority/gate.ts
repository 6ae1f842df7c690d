// The door itself: lets a call in by its method, its transport and its caller's role, at its headers.
// Must never read a body, wait, or throw; what is in no row of the table is refused.
import { Buffer } from "node:buffer";
import type { Peer } from "../grpc/conn.ts";
import { headerValue } from "../grpc/headers.ts";
import type { Admit } from "../grpc/server.ts";
import type { CallStatus } from "../grpc/status.ts";
import type { HeaderList } from "../http2/mod.ts";
import type { AccessPolicy, Caller } from "./access_policy.ts";
import type { Denials } from "./denials.ts";
import { PROOF_METADATA } from "./proof.ts";
import type { ProofCheck } from "./proof_check.ts";
import { refusalBy, type Rule } from "./refusals.ts";
import { type Row, TABLE } from "./table.ts";

/** What is known of the time: without it no certificate can be judged. */
export interface KnownTime {
  readonly known: boolean;
}

export interface GateOptions {
  readonly policy: AccessPolicy;
  readonly proofs: ProofCheck;
  readonly denials: Denials;
  readonly clock: KnownTime;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export class Gate {
  constructor(private readonly options: GateOptions) {}

  /** The server's hook. Nearly all calls end in its first lines. */
  readonly admit: Admit = (path, peer, headers): CallStatus | undefined => {
    const row = TABLE.get(path);
    const caller = this.options.policy.callerAt(peer);
    if (row === undefined) return this.#deny("NO_ROW", path, peer, caller);
    const need = row[caller.door];
    const plain = !row.readsProof && caller.refusal === undefined && caller.validMs === undefined;
    if (plain && need !== "never" && caller.identity.role >= need) return undefined;
    const rule = this.#ruleAgainst(row, caller, peer, headers);
    return rule && this.#deny(rule, path, peer, caller);
  };

  #ruleAgainst(row: Row, caller: Caller, peer: Peer, headers: HeaderList): Rule | undefined {
    const { door, identity } = caller;
    const unfit = caller.refusal ?? this.#certificateUnfit(caller);
    if (unfit !== undefined) return unfit;
    const need = row[door];
    if (need === "never") return "TRANSPORT_NEVER";
    const proof = row.readsProof ? headerValue(headers, PROOF_METADATA) : undefined;
    if (identity.transport === "tcp") {
      if (proof !== undefined) return "PROOF_OVER_TCP";
      return identity.role >= need ? undefined : "ROLE_TOO_LOW";
    }
    // A proof that was given must be good, also where none is needed; its role is looked at when it was verified.
    if (proof !== undefined) return this.options.proofs.refusedEarly(peer, Buffer.from(proof, "base64"));
    return identity.role >= need ? undefined : "PROOF_MISSING";
  }

  #certificateUnfit({ validMs }: Caller): Rule | undefined {
    if (validMs === undefined) return undefined;
    if (!this.options.clock.known) return "CLOCK_UNKNOWN";
    const nowMs = this.options.now();
    if (nowMs < validMs.from) return "CERTIFICATE_NOT_YET_VALID";
    return nowMs > validMs.to ? "CERTIFICATE_EXPIRED" : undefined;
  }

  #deny(rule: Rule, method: string, peer: Peer, { identity }: Caller): CallStatus {
    this.options.denials.tell({ rule, identity, method, peer });
    return refusalBy(rule);
  }
}
