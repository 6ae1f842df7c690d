// Errors as HTTP tells them: google.rpc.Status as JSON, the code of google/rpc/code.proto's table, Retry-After.
// Must never tell more than the gRPC status does, nor the text of an error that was not made to be one.
import { create, type JsonObject, type JsonValue, toJson } from "@bufbuild/protobuf";
import { type Any, AnySchema } from "@bufbuild/protobuf/wkt";
import { status } from "@grpc/grpc-js";
import { Buffer } from "node:buffer";
import { GrpcError, statusFromThrown } from "../../grpc/status.ts";
import { messageType, type RpcStatus, type RpcStatusInit } from "../../proto/mod.ts";
import { retryAfterIn } from "../../services/refusal.ts";
import { registry } from "./schema.ts";

/** google/rpc/code.proto. */
export const HTTP_CODES: Readonly<Record<status, number>> = {
  [status.OK]: 200,
  [status.CANCELLED]: 499,
  [status.UNKNOWN]: 500,
  [status.INVALID_ARGUMENT]: 400,
  [status.DEADLINE_EXCEEDED]: 504,
  [status.NOT_FOUND]: 404,
  [status.ALREADY_EXISTS]: 409,
  [status.PERMISSION_DENIED]: 403,
  [status.RESOURCE_EXHAUSTED]: 429,
  [status.FAILED_PRECONDITION]: 400,
  [status.ABORTED]: 409,
  [status.OUT_OF_RANGE]: 400,
  [status.UNIMPLEMENTED]: 501,
  [status.INTERNAL]: 500,
  [status.UNAVAILABLE]: 503,
  [status.DATA_LOSS]: 500,
  [status.UNAUTHENTICATED]: 401,
};

const Status = messageType<RpcStatusInit, RpcStatus>("google.rpc.Status");

/** The body of an error. */
export function statusJson(error: unknown): JsonObject {
  const { code, details: message, metadata } = errorOf(error);
  return { code, message, details: detailsOf(metadata.get("grpc-status-details-bin")[0]) };
}

/**
 * The answer to a request that failed.
 * @param httpCode other than the status's own, for what gRPC has no word for
 */
export function errorResponse(error: unknown, httpCode?: number, headers: HeadersInit = {}): Response {
  const given = errorOf(error);
  const all = new Headers(headers);
  all.set("content-type", "application/json");
  all.set("cache-control", "no-store");
  const retryAfterMs = retryAfterIn(given.metadata);
  // Whole seconds (RFC 9110, 10.2.3).
  if (retryAfterMs > 0) all.set("retry-after", String(Math.ceil(retryAfterMs / 1000)));
  const code = httpCode ?? HTTP_CODES[given.code as status] ?? 500;
  // RFC 9110, 15.5.2 asks for the scheme; which credential would help is in the message.
  if (code === 401) all.set("www-authenticate", "Gatehouse-Proof");
  return new Response(JSON.stringify(statusJson(given)), { status: code, headers: all });
}

function errorOf(error: unknown): GrpcError {
  if (error instanceof GrpcError) return error;
  const { code, details, metadata } = statusFromThrown(error);
  return new GrpcError(code, details, metadata);
}

function detailsOf(bytes: string | Buffer | undefined): JsonValue[] {
  if (!Buffer.isBuffer(bytes)) return [];
  try {
    return Status.deserialize(bytes).details.map(({ type_url, value }) =>
      detailJson(create(AnySchema, { typeUrl: type_url, value }))
    );
  } catch {
    return [];
  }
}

/** What isn't known, or can't be read, stays as bytes. */
function detailJson(any: Any): JsonValue {
  try {
    return toJson(AnySchema, any, { registry });
  } catch {
    return { "@type": any.typeUrl, value: Buffer.from(any.value).toString("base64") };
  }
}
