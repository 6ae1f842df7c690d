// What is looked at before the signer hears of a call with a key, and how a refusal is told: as a status, or as that of an item.
// Must never answer differently for a key that exists and one that doesn't.
import { status } from "@grpc/grpc-js";
import type { Denial } from "../authority/denials.ts";
import { keyRefusal } from "../authority/key_access.ts";
import { refusalBy } from "../authority/refusals.ts";
import type { ItemStatusInit } from "../proto/mod.ts";
import { MAX_DATA_BYTES } from "../signer/limits.ts";
import { SignerError } from "../signer/signer.ts";
import { type FieldViolation, invalidArgument, isRefusal, reasonIn, type Refusal } from "./refusal.ts";
import { signerStatus } from "./signer_status.ts";

/** Longest digest: SHA-512's. The signer knows which length the algorithm's has. */
const MAX_DIGEST_BYTES = 64;

/** Of [access]: the caller may use no such key. */
const NOT_ALLOWED = "KEY_NOT_ALLOWED";

/** Why the signer isn't asked. */
export type Problem = FieldViolation | typeof NOT_ALLOWED;

type Input = { readonly data: Uint8Array } | { readonly digest: Uint8Array };

/** The one input that a request has. */
export function inputOf({ data, digest }: {
  readonly data?: Uint8Array | null;
  readonly digest?: Uint8Array | null;
}): Input | FieldViolation {
  if (data) {
    if (data.length <= MAX_DATA_BYTES) return { data };
    const description =
      `${data.length} bytes; at most ${MAX_DATA_BYTES} are signed in one call, more by SignStream`;
    return { field: "data", description };
  }
  if (!digest) {
    return { field: "data", description: "neither data nor digest is there; empty data is given as such" };
  }
  if (digest.length <= MAX_DIGEST_BYTES) return { digest };
  return { field: "digest", description: `${digest.length} bytes; the longest is of ${MAX_DIGEST_BYTES}` };
}

export function keyProblem(
  call: { getPath(): string },
  key: string,
  denied: (denial: Denial) => void,
): Problem | undefined {
  return keyRefusal(call, key, denied) && NOT_ALLOWED;
}

export const problemRefusal = (problem: Problem): Refusal =>
  problem === NOT_ALLOWED ? refusalBy(NOT_ALLOWED) : invalidArgument(problem);

/** What a call with a key failed by: a key that its policy hides is refused as one that [access] hides. */
export function keyedRefusal(error: unknown): Refusal {
  if (isRefusal(error)) return error;
  const hidden = error instanceof SignerError &&
    (error.code === status.NOT_FOUND || error.reason === NOT_ALLOWED);
  return hidden ? refusalBy(NOT_ALLOWED) : signerStatus(error);
}

/** @param cause what the refusal was made of */
export function itemStatus({ code, details, metadata }: Refusal, cause: unknown): ItemStatusInit {
  const retry_after_ms = cause instanceof SignerError ? cause.retryAfterMs : 0;
  return { code, message: details, reason: reasonIn(metadata) ?? "", retry_after_ms };
}
