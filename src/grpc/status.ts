// Statuses: errors of any shape -> code, text, trailers; HTTP status -> gRPC status.
// Must never pass on the text of an error that was not made to be a status: it may hold secrets.
import { Metadata, type ServiceError, status } from "@grpc/grpc-js";

/** How a call ends. `metadata` becomes its trailers. */
export interface CallStatus {
  readonly code: status;
  readonly details: string;
  readonly metadata?: Metadata;
}

/** An error that is a status: throw it from a handler, or catch it from a call. */
export class GrpcError extends Error implements ServiceError {
  override readonly name = "GrpcError";
  readonly metadata: Metadata;

  constructor(readonly code: status, readonly details: string, metadata?: Metadata) {
    super(`${code} ${status[code] ?? "code"}: ${details}`);
    this.metadata = metadata ?? new Metadata();
  }
}

export const OK_STATUS: CallStatus = { code: status.OK, details: "" };
export const DEADLINE_STATUS: CallStatus = { code: status.DEADLINE_EXCEEDED, details: "Deadline exceeded" };

/** What a handler gave to its callback or emitted as 'error': its text is meant for the caller. As grpc-js reads it. */
export function statusFromError(error: unknown, trailers?: Metadata): CallStatus {
  const given = (typeof error === "object" && error !== null ? error : {}) as Partial<ServiceError>;
  const metadata = trailers ?? given.metadata;
  if (typeof given.code === "number" && Number.isInteger(given.code)) {
    return { code: given.code, details: given.details ?? given.message ?? "", metadata };
  }
  return { code: status.UNKNOWN, details: given.message ?? "Unknown Error", metadata };
}

/** What a handler threw or rejected with: only an error that is a status (code and details) speaks to the caller. */
export function statusFromThrown(error: unknown): CallStatus {
  const given = error as Partial<ServiceError> | null | undefined;
  if (typeof given?.code === "number" && typeof given.details === "string" && given.code in status) {
    return statusFromError(error);
  }
  return { code: status.UNKNOWN, details: "Unknown error" };
}

/** A response without grpc-status (grpc/grpc doc/http-grpc-status-mapping.md). */
export function statusFromHttp(httpStatus: number): CallStatus {
  return { code: codeFromHttp(httpStatus), details: `Received HTTP status code ${httpStatus}` };
}

function codeFromHttp(httpStatus: number): status {
  switch (httpStatus) {
    case 400:
      return status.INTERNAL;
    case 401:
      return status.UNAUTHENTICATED;
    case 403:
      return status.PERMISSION_DENIED;
    case 404:
      return status.UNIMPLEMENTED;
    case 429:
    case 502:
    case 503:
    case 504:
      return status.UNAVAILABLE;
    default:
      return status.UNKNOWN;
  }
}
