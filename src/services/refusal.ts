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
  type RpcStatus,
  type RpcStatusInit,
} from "../proto/mod.ts";

const Status = messageType<RpcStatusInit, RpcStatus>("google.rpc.Status");
const BadRequest = messageType<RpcBadRequestInit, RpcBadRequest>("google.rpc.BadRequest");
const ErrorInfo = messageType<RpcErrorInfoInit, RpcErrorInfo>("google.rpc.ErrorInfo");

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
  const detail = {
    type_url: "type.googleapis.com/google.rpc.ErrorInfo",
    value: ErrorInfo.serialize({ reason, domain: ERROR_DOMAIN }),
  };
  return { ...refusal(code, message, [detail]), cause };
}

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
