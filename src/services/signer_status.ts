// What the signer failed by, as callers are told it.
// Must never tell a caller the text of an error that isn't the signer's own refusal.
import { status } from "@grpc/grpc-js";
import { SignerError } from "../signer/signer.ts";
import { type Refusal, refuse, refuseForNow } from "./refusal.ts";

/** The reason of a refusal of which the status says all. */
const SIGNER = "SIGNER";

/** Under overload one error of the signer's refuses thousands of calls. */
const made = new WeakMap<SignerError, Refusal>();

export function signerStatus(error: unknown): Refusal {
  if (!(error instanceof SignerError)) {
    return refuse(status.INTERNAL, "INTERNAL", "it could not be done here; the agent's log says why", error);
  }
  const known = made.get(error);
  if (known) return known;
  const { code, message, retryAfterMs } = error;
  const reason = error.reason || SIGNER;
  const refusal = retryAfterMs > 0
    ? refuseForNow(code, reason, message, retryAfterMs)
    : refuse(code, reason, message);
  made.set(error, refusal);
  return refusal;
}
