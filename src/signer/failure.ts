// What a call of the signer failed by, in the form that is handed to callers.
// Must never make a status of an error that is none: its text may hold secrets.
import { status } from "@grpc/grpc-js";
import { GrpcError } from "../grpc/status.ts";
import { reasonIn, retryAfterIn } from "../services/refusal.ts";
import { SignerError } from "./signer.ts";

/** A status that ended a call over src/grpc, as a SignerError; anything else as it is. */
export function failureOf(error: unknown): unknown {
  if (!(error instanceof GrpcError)) return error;
  const { code, details, metadata } = error;
  const reason = reasonIn(metadata);
  if (code === status.UNAVAILABLE && reason === undefined) {
    return new SignerError(code, `the signer is not there (${details}); call again`);
  }
  return new SignerError(code, details, reason, retryAfterIn(metadata));
}
