// How a client reads the end of a call: trailers, HTTP answers that are no gRPC, resets.
// Must always give a status: a call without one would wait for ever.
import { Metadata, status } from "@grpc/grpc-js";
import { ErrorCode, errorName, type HeaderList } from "../http2/mod.ts";
import { headerValue } from "./headers.ts";
import { metadataFrom } from "./metadata.ts";
import { type CallStatus, statusFromHttp } from "./status.ts";
import { decodeStatusMessage } from "./status_message.ts";

export type FullStatus = Required<CallStatus>;

/** From trailers, or from response headers that end the stream or are no gRPC. */
export function statusFromResponse(headers: HeaderList): FullStatus {
  const metadata = metadataFrom(headers);
  const code = headerValue(headers, "grpc-status");
  const httpStatus = headerValue(headers, ":status");
  if (code !== undefined) {
    const number = /^[0-9]{1,3}$/.test(code) ? Number(code) : status.UNKNOWN;
    return {
      code: number,
      details: decodeStatusMessage(headerValue(headers, "grpc-message") ?? ""),
      metadata,
    };
  }
  if (httpStatus === undefined) {
    return { code: status.UNKNOWN, details: "No status information received", metadata };
  }
  if (httpStatus !== "200") return { ...statusFromHttp(Number(httpStatus)), metadata };
  const contentType = headerValue(headers, "content-type") ?? "none";
  return { code: status.UNKNOWN, details: `The answer is no gRPC: content-type is ${contentType}`, metadata };
}

/**
 * From a stream that is gone without trailers (PROTOCOL-HTTP2.md, "Errors").
 * @param lost why the whole connection ended, if it did
 */
export function statusFromReset(code: number, by: "peer" | "local", lost: string | undefined): FullStatus {
  return { ...fromReset(code, by, lost), metadata: new Metadata() };
}

function fromReset(code: number, by: "peer" | "local", lost: string | undefined): CallStatus {
  if (lost !== undefined || code === ErrorCode.CONNECTION_LOST) {
    return { code: status.UNAVAILABLE, details: `Connection dropped: ${lost ?? "the transport ended"}` };
  }
  // A REFUSED_STREAM of the engine's own is a GOAWAY below the call's stream.
  if (by === "local" && code !== ErrorCode.REFUSED_STREAM) {
    return { code: status.INTERNAL, details: `The server broke HTTP/2 (${errorName(code)})` };
  }
  switch (code) {
    case ErrorCode.NO_ERROR:
      return {
        code: status.INTERNAL,
        details: "Received RST_STREAM with code 0 (Call ended without gRPC status)",
      };
    case ErrorCode.REFUSED_STREAM:
      return { code: status.UNAVAILABLE, details: "Stream refused by server" };
    case ErrorCode.CANCEL:
      return { code: status.CANCELLED, details: "Call cancelled" };
    case ErrorCode.ENHANCE_YOUR_CALM:
      return { code: status.RESOURCE_EXHAUSTED, details: "Bandwidth exhausted or memory limit exceeded" };
    case ErrorCode.INADEQUATE_SECURITY:
      return { code: status.PERMISSION_DENIED, details: "Protocol not secure enough" };
    case ErrorCode.INTERNAL_ERROR:
      return { code: status.INTERNAL, details: "Received RST_STREAM with code 2 (Internal server error)" };
    default:
      return { code: status.INTERNAL, details: `Received RST_STREAM with code ${code}` };
  }
}
