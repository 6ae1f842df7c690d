// What of a request's headers becomes part of its call: its deadline, and the metadata of one list.
// Must never pass on a header that gRPC reads as a credential.
import { Metadata, status } from "@grpc/grpc-js";
import { GrpcError } from "../../grpc/status.ts";
import { parseTimeout } from "../../grpc/timeout.ts";

/** As gRPC's own header (PROTOCOL-HTTP2.md, "Timeout"): digits and a unit, "500m" is half a second. */
export const TIMEOUT_HEADER = "grpc-timeout";

/** A client of HTTP that goes silent must not hold a call for ever; the slowest, a new sealing key, takes seconds. */
export const DEFAULT_DEADLINE_MS = 60_000;

/** Context of a trace (W3C Trace Context). Proofs have a header of their own, which isn't metadata. */
const FORWARDED = ["traceparent", "tracestate"];

/**
 * Milliseconds from now; undefined: for as long as it takes.
 * @throws GrpcError INVALID_ARGUMENT
 */
export function deadlineOf(headers: Headers, streams: boolean): number | undefined {
  const text = headers.get(TIMEOUT_HEADER);
  if (text === null) return streams ? undefined : DEFAULT_DEADLINE_MS;
  const timeoutMs = parseTimeout(text);
  if (timeoutMs !== undefined) return timeoutMs;
  throw new GrpcError(
    status.INVALID_ARGUMENT,
    "Grpc-Timeout is no timeout: send at most 8 digits and one of H, M, S, m, u, n, as 500m for half a second",
  );
}

/** What can't be metadata is left out. */
export function metadataOf(headers: Headers): Metadata {
  const metadata = new Metadata();
  for (const name of FORWARDED) {
    const value = headers.get(name);
    // Printable ASCII, as gRPC has it.
    if (value !== null && /^[\x20-\x7e]*$/.test(value)) metadata.set(name, value);
  }
  return metadata;
}
