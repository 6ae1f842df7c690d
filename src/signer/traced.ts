// Calls of the signer on behalf of a traced call: how long they took, and how long the signer says its parts did.
// Must never change what a call gives or fails with.
import { Metadata, status } from "@grpc/grpc-js";
import type { CallTrace, OutgoingTrace } from "../grpc/call_trace.ts";
import { SignerError } from "./signer.ts";

/** @param work takes the trace's context for the signer's request, where there is one to hand on */
export async function traced<T>(
  trace: CallTrace,
  method: string,
  work: (metadata: Metadata) => Promise<T>,
): Promise<T> {
  const outgoing = trace.outgoing(method);
  try {
    const value = await work(contextOf(outgoing));
    outgoing.end(status.OK, timesIn(value));
    return value;
  } catch (error) {
    outgoing.end(error instanceof SignerError ? error.code : status.UNKNOWN);
    throw error;
  }
}

/** W3C Trace Context. */
function contextOf({ traceparent, tracestate }: OutgoingTrace): Metadata {
  const metadata = new Metadata();
  metadata.set("traceparent", traceparent);
  if (tracestate !== "") metadata.set("tracestate", tracestate);
  return metadata;
}

/** What an answer of the signer says of its own time. */
function timesIn(value: unknown): { queue_us: number; sign_us: number } | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { queue_us, sign_us } = value as { queue_us?: unknown; sign_us?: unknown };
  return typeof queue_us === "number" && typeof sign_us === "number" ? { queue_us, sign_us } : undefined;
}
