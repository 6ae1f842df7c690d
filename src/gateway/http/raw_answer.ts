// Answers to what is no request, or has no place: as bytes, since no request's answer could carry them.
// Must never say anything that depends on what the client sent.
import { STATUS_CODES } from "node:http";
import { status } from "@grpc/grpc-js";
import { GrpcError } from "../../grpc/status.ts";
import { statusJson } from "../rest/http_status.ts";

/** A whole answer, the last of its connection. @param httpCode 400, 408, 431 or 503 */
export function rawAnswer(httpCode: 400 | 408 | 431 | 503, message: string): Uint8Array {
  const code = httpCode === 503 ? status.UNAVAILABLE : status.INVALID_ARGUMENT;
  const body = JSON.stringify(statusJson(new GrpcError(code, message)));
  return new TextEncoder().encode(
    `HTTP/1.1 ${httpCode} ${STATUS_CODES[httpCode]}\r\ncontent-type: application/json\r\n` +
      `content-length: ${new TextEncoder().encode(body).length}\r\nconnection: close\r\n\r\n${body}`,
  );
}
