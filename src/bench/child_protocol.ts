// What a bench's processes say to each other: one JSON value a line, on a child's standard input and output.
// The parent closes the input to end the child; a parent that dies closes it too.
import { status } from "@grpc/grpc-js";
import { GrpcError } from "../grpc/status.ts";
import type { BenchOptions, ServiceName } from "./options.ts";
import type { Tick } from "./tally.ts";
import type { RunResult } from "./worker.ts";

/** The first is `job`; `stop` cuts the run short. */
export type ToChild =
  | { readonly job: { readonly options: BenchOptions; readonly index: number } }
  | { readonly run: { readonly service: ServiceName; readonly startEpochMs: number } }
  | { readonly stop: true };

export type FromChild =
  | { readonly ready: true }
  | { readonly tick: Tick }
  | { readonly result: RunResult }
  | { readonly failure: { readonly code?: number; readonly message: string } };

/** A histogram is a line of some KB; the longest has a count in each of its 30,000 buckets. */
export const MAX_LINE_CHARS = 1024 * 1024;

export function failureOf(error: unknown): FromChild {
  if (error instanceof GrpcError) return { failure: { code: error.code, message: error.details } };
  return { failure: { message: error instanceof Error ? error.message : String(error) } };
}

export function errorOf({ code, message }: { code?: number; message: string }): Error {
  return code === undefined ? new Error(message) : new GrpcError(code as status, message);
}
