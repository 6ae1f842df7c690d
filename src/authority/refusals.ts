// Every refusal of the door: its reason, its status, its words.
// Must never say more than the reason: not which key is enrolled, not whether a signing key exists.
// UNAUTHENTICATED: a credential, or a better one, would help. PERMISSION_DENIED: no credential would, or this one may not.
import { status } from "@grpc/grpc-js";
import { type Refusal, refuse } from "../services/refusal.ts";

const PROVE =
  "prove an enrolled key with the call: Access.Challenge, then the metadata gatehouse-proof-bin " +
  "(the CLI does it with --admin-key)";

const REFUSALS = {
  NO_ROW: [status.PERMISSION_DENIED, "this method is open to nobody"],
  TRANSPORT_NEVER: [
    status.PERMISSION_DENIED,
    "this method is never served over this transport; administration is by VSOCK or the local socket, with an enrolled key",
  ],
  ROLE_TOO_LOW: [status.PERMISSION_DENIED, "the caller's role doesn't allow this method"],
  PROOF_OVER_TCP: [
    status.PERMISSION_DENIED,
    "proofs are for VSOCK and the local socket; over TCP the client certificate alone says who calls",
  ],
  PROOF_MISSING: [status.UNAUTHENTICATED, `this method needs an administrator or operator: ${PROVE}`],
  PROOF_INVALID: [
    status.UNAUTHENTICATED,
    "the proof isn't one of an enrolled key for this call; check which key is used",
  ],
  NONCE_UNKNOWN: [
    status.UNAUTHENTICATED,
    "the proof's nonce isn't one of this connection, was used, or is too old; ask for a new Challenge",
  ],
  TOO_MANY_PROOFS: [status.RESOURCE_EXHAUSTED, "too many proofs on this connection; wait a second"],
  ADMINS_DAMAGED: [
    status.FAILED_PRECONDITION,
    "the list of administrators can't be read, so nobody may administrate; the agent's log says why and what to do",
  ],
  CERTIFICATE_MISSING: [
    status.UNAUTHENTICATED,
    "connect with a client certificate that this appliance's client CA has issued",
  ],
  CERTIFICATE_UNREADABLE: [status.UNAUTHENTICATED, "the client certificate can't be read; use another one"],
  CERTIFICATE_EXPIRED: [status.UNAUTHENTICATED, "the client certificate has expired; use a newer one"],
  CERTIFICATE_NOT_YET_VALID: [
    status.UNAUTHENTICATED,
    "the client certificate isn't valid yet; check both clocks",
  ],
  CLOCK_UNKNOWN: [
    status.UNAVAILABLE,
    "this appliance doesn't know the time, so it can't judge certificates; call it by VSOCK, or give it a time server",
  ],
  CID_LOCAL: [status.PERMISSION_DENIED, "processes of the appliance itself have no business here"],
  KEY_NOT_ALLOWED: [
    status.PERMISSION_DENIED,
    "the caller may use no such key; an administrator gives keys by [access] of the configuration and by their policies",
  ],
  KEY_NOT_FOUND: [
    status.NOT_FOUND,
    "there is no such key, or none that the caller may see; an administrator gives keys by [access] of the configuration and by their policies",
  ],
} as const satisfies Record<string, readonly [status, string]>;

/** Which rule refused: the reason of the ErrorInfo, and what the log calls it. */
export type Rule = keyof typeof REFUSALS;

export const RULES = Object.keys(REFUSALS) as Rule[];

export const codeOf = (rule: Rule): status => REFUSALS[rule][0];

export const wordsOf = (rule: Rule): string => REFUSALS[rule][1];

/** @param cause for the log, never for the caller */
export const refusalBy = (rule: Rule, cause?: unknown): Refusal =>
  refuse(REFUSALS[rule][0], rule, REFUSALS[rule][1], cause);
