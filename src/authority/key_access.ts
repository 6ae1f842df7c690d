// Whether a call may use a signing key, for handlers. Asked before the signer hears of the call.
// Must never answer differently for a key that exists and one that doesn't.
import type { Refusal } from "../services/refusal.ts";
import { peerOf } from "../grpc/peer_of.ts";
import { callerOf } from "./caller.ts";
import type { Denial } from "./denials.ts";
import { Role } from "../proto/mod.ts";
import { type Identity, mayUseKey } from "./identity.ts";
import { refusalBy } from "./refusals.ts";

/** A call that no gate let in has no caller and gets no key. */
export function keyRefusal(
  call: { getPath(): string },
  key: string,
  tell: (denial: Denial) => void,
): Refusal | undefined {
  const identity = callerOf(call);
  if (identity !== undefined && mayUseKey(identity, key)) return undefined;
  const peer = peerOf(call);
  if (identity !== undefined && peer !== undefined) {
    tell({ rule: "KEY_NOT_ALLOWED", identity, method: call.getPath(), peer });
  }
  return refusalBy("KEY_NOT_ALLOWED");
}

/** What decides who may see a key, of gatehouse.v1.Key. */
interface SeenKey {
  readonly id: string;
  readonly policy?: { readonly identities: readonly string[] } | null;
}

/** Operators and administrators see all keys, whichever they may use. */
export const seesAllKeys = ({ role }: Identity): boolean => role >= Role.OPERATOR;

/** Whether `identity` may learn that there is such a key. */
export function maySeeKey(identity: Identity, { id, policy }: SeenKey): boolean {
  if (seesAllKeys(identity)) return true;
  const named = policy?.identities ?? [];
  return mayUseKey(identity, id) && (named.length === 0 || named.includes(identity.name));
}
