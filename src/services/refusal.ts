// Refusals that say what is wrong, where, and what is allowed: a gRPC status
// with google.rpc details in `grpc-status-details-bin`. Never a bare code.
import { Buffer } from "node:buffer";
import { Metadata, status, type StatusObject } from "@grpc/grpc-js";
import {
  messageType,
  type RpcBadRequest,
  type RpcBadRequestInit,
  type RpcErrorInfo,
  type RpcErrorInfoInit,
  type RpcRetryInfo,
  type RpcRetryInfoInit,
  type RpcStatus,
  type RpcStatusInit,
} from "../proto/mod.ts";

const Status = messageType<RpcStatusInit, RpcStatus>("google.rpc.Status");
const BadRequest = messageType<RpcBadRequestInit, RpcBadRequest>("google.rpc.BadRequest");
const ErrorInfo = messageType<RpcErrorInfoInit, RpcErrorInfo>("google.rpc.ErrorInfo");
const RetryInfo = messageType<RpcRetryInfoInit, RpcRetryInfo>("google.rpc.RetryInfo");

/** The `domain` of every ErrorInfo that this product sends. */
export const ERROR_DOMAIN = "gatehouse";

/** One field of a request that can't stand as it is. */
export interface FieldViolation {
  /** A path of field names, e.g. `key_type`. */
  field: string;
  /** What is wrong and what is allowed. */
  description: string;
}

/** What a handler gives its callback in place of an answer. */
export type Refusal = StatusObject & {
  /** What went wrong inside, for the log and never for the caller. */
  cause?: unknown;
};

/** Whether it was made here, by one of the functions below. */
export function isRefusal(value: unknown): value is Refusal {
  return typeof value === "object" && value !== null && !(value instanceof Error) &&
    "metadata" in value && value.metadata instanceof Metadata;
}

/** INVALID_ARGUMENT with a google.rpc.BadRequest that names the fields. */
export function invalidArgument(...violations: FieldViolation[]): Refusal {
  const message = violations.map(({ field, description }) => `${field}: ${description}`).join("; ");
  return refusal(status.INVALID_ARGUMENT, message, [{
    type_url: "type.googleapis.com/google.rpc.BadRequest",
    value: BadRequest.serialize({ field_violations: violations }),
  }]);
}

/** Any other status with a google.rpc.ErrorInfo. `reason` is UPPER_SNAKE_CASE. */
export function refuse(code: status, reason: string, message: string, cause?: unknown): Refusal {
  return { ...refusal(code, message, [errorInfo(reason)]), cause };
}

/**
 * The same, with a google.rpc.RetryInfo: the caller may come again after that time.
 * @param retryAfterMs more than 0
 */
export function refuseForNow(code: status, reason: string, message: string, retryAfterMs: number): Refusal {
  const seconds = Math.floor(retryAfterMs / 1000);
  const retryInfo = {
    type_url: "type.googleapis.com/google.rpc.RetryInfo",
    value: RetryInfo.serialize({ retry_delay: { seconds, nanos: (retryAfterMs - seconds * 1000) * 1e6 } }),
  };
  return refusal(code, message, [errorInfo(reason), retryInfo]);
}

const errorInfo = (reason: string) => ({
  type_url: "type.googleapis.com/google.rpc.ErrorInfo",
  value: ErrorInfo.serialize({ reason, domain: ERROR_DOMAIN }),
});

function refusal(code: status, message: string, details: RpcStatusInit["details"]): Refusal {
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(Status.serialize({ code, message, details })));
  return { code, details: message, metadata };
}

/** The google.rpc.BadRequest violations in a refusal's metadata; none when there are none or they can't be read. */
export function violationsIn(metadata: Metadata): FieldViolation[] {
  return detailsIn(metadata, "BadRequest", BadRequest.deserialize).flatMap((one) => one.field_violations);
}

/** The reason of the google.rpc.ErrorInfo in a refusal's metadata; undefined when there is none. */
export function reasonIn(metadata: Metadata): string | undefined {
  return detailsIn(metadata, "ErrorInfo", ErrorInfo.deserialize)[0]?.reason;
}

/** The delay of the google.rpc.RetryInfo in a refusal's metadata, milliseconds; 0 when there is none. */
export function retryAfterIn(metadata: Metadata): number {
  const [delay] = detailsIn(metadata, "RetryInfo", RetryInfo.deserialize).map((one) => one.retry_delay);
  return delay ? delay.seconds.toNumber() * 1000 + Math.ceil(delay.nanos / 1e6) : 0;
}

/** What can't be read is as if it weren't there. */
function detailsIn<T>(metadata: Metadata, type: string, read: (value: Buffer) => T): T[] {
  const bytes = metadata.get("grpc-status-details-bin")[0];
  if (!bytes || typeof bytes === "string") return [];
  try {
    return Status.deserialize(bytes).details
      .filter((detail) => detail.type_url.endsWith(`/google.rpc.${type}`))
      .map((detail) => read(Buffer.from(detail.value)));
  } catch {
    return [];
  }
}
