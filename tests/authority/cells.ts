// What the table says of each cell: method x transport x who calls, and how an answer is told.
// Must never ask the code under test what it would do.
import { Buffer } from "node:buffer";
import { status } from "@grpc/grpc-js";
import { codeOf, type Rule, RULES } from "../../src/authority/refusals.ts";
import type { Door, Need, Row } from "../../src/authority/table.ts";
import { TABLE } from "../../src/authority/table.ts";
import type { GrpcError } from "../../src/grpc/client.ts";
import { messageType, Role } from "../../src/proto/mod.ts";
import { reasonIn } from "../../src/services/refusal.ts";
import type { Certificate } from "./agent.ts";

/** Whoever may stand before a door. */
export type Caller = "anyone" | "stranger's key" | "operator's key" | "administrator's key" | Certificate;

const OF_LOCAL: Caller[] = ["anyone", "stranger's key", "operator's key", "administrator's key"];
export const CALLERS: Record<Door, Caller[]> = {
  "tcp-tls": ["anyone", "user", "operator", "stranger", "expired", "administrator's key"],
  "tcp-plain": ["anyone", "administrator's key"],
  vsock: OF_LOCAL,
  unix: OF_LOCAL,
};

const ROLES: Partial<Record<Caller, number>> = {
  operator: Role.OPERATOR,
  "operator's key": Role.OPERATOR,
  "administrator's key": Role.ADMIN,
};

/** Keys that prove; the others come by certificate, or with nothing. */
export const isKey = (caller: Caller) => caller.endsWith("key");

/** What the table says, by the words of docs/security.md; undefined: it is let in. */
function ruleFor(row: Row, door: Door, caller: Caller): Rule | undefined {
  const need: Need = row[door];
  if (door === "tcp-tls" && caller === "anyone") return "CERTIFICATE_MISSING";
  if (caller === "expired") return "CERTIFICATE_EXPIRED";
  if (need === "never") return "TRANSPORT_NEVER";
  const role = ROLES[caller] ?? Role.USER;
  if (door === "tcp-tls" || door === "tcp-plain") {
    if (isKey(caller)) return row.readsProof ? "PROOF_OVER_TCP" : undefined;
    return role >= need ? undefined : "ROLE_TOO_LOW";
  }
  if (!row.readsProof) return undefined;
  if (caller === "stranger's key") return "PROOF_INVALID";
  if (role >= need) return undefined;
  return caller === "anyone" ? "PROOF_MISSING" : "ROLE_TOO_LOW";
}

const keep = messageType("gatehouse.v1.WatchEventsRequest");
/** A request that is answered at once; elsewhere an empty one is. */
export const REQUESTS: Record<string, Buffer> = {
  "/gatehouse.v1.Events/Watch": Buffer.from(keep.serialize({ include_kept: true })),
};

/** "let in", or the refusal's code and reason. */
export function told(error: GrpcError | undefined): string {
  if (error === undefined) return "let in";
  const reason = reasonIn(error.metadata);
  const refused = RULES.some((rule) => rule === reason) || error.code === status.UNAUTHENTICATED ||
    error.code === status.PERMISSION_DENIED || error.code === status.UNIMPLEMENTED;
  return refused ? `${status[error.code]} ${reason}` : "let in";
}

/** The certificate of a user has a key of its own; that of a stranger has none, which is a matter of keys and not of methods. */
const KEYS_NEEDED: Partial<Record<Caller, [path: RegExp, Rule][]>> = {
  stranger: [[/^\/crypto\.CryptoService\//, "KEY_NOT_ALLOWED"], [/Keys\/Get/, "KEY_NOT_FOUND"]],
  user: [[/Keys\/Get/, "KEY_NOT_FOUND"]],
};
const keyRule = (path: string, caller: Caller) =>
  KEYS_NEEDED[caller]?.find(([pattern]) => pattern.test(path))?.[1];

/** What is expected of that cell, as told() has it. */
export function expected(path: string, door: Door, caller: Caller): string {
  const rule = ruleFor(TABLE.get(path)!, door, caller) ?? keyRule(path, caller);
  return rule ? `${status[codeOf(rule)]} ${rule}` : "let in";
}
