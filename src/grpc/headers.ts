// The header lists that gRPC says itself, and the reading of a request's own headers.
// The constant lists are the same arrays every time: the HTTP/2 engine keeps their encoding.
import { status } from "@grpc/grpc-js";
import { type HeaderList, headerListBytes } from "../http2/mod.ts";
import { ACCEPT_ENCODING, type Encoding } from "./compression.ts";
import { appendMetadata } from "./metadata.ts";
import type { CallStatus } from "./status.ts";
import { encodeStatusMessage } from "./status_message.ts";
import { parseTimeout } from "./timeout.ts";

export const CONTENT_TYPE = "application/grpc+proto";

const RESPONSE: Record<Encoding, HeaderList> = {
  identity: responseWith("identity"),
  gzip: responseWith("gzip"),
  deflate: responseWith("deflate"),
};

/** The response headers of a call without metadata of its own. Not to be changed. */
export function responseHeaders(encoding: Encoding): HeaderList {
  return RESPONSE[encoding];
}

/** Trailers of a call that ended well and has nothing to add. */
export const TRAILERS_OK: HeaderList = ["grpc-status", "0"];

const TRAILERS_ONLY_PREFIX = [":status", "200", "content-type", CONTENT_TYPE];

/** @param trailersOnly no response headers were sent: these are both (PROTOCOL-HTTP2.md, "Trailers-Only") */
export function trailers(ending: CallStatus, trailersOnly: boolean): HeaderList {
  const ok = ending.code === status.OK;
  if (ok && !trailersOnly && ending.metadata === undefined) return TRAILERS_OK;
  const headers = trailersOnly ? TRAILERS_ONLY_PREFIX.slice() : [];
  headers.push("grpc-status", String(ending.code));
  // The text is of an error: OK has none.
  if (!ok && ending.details !== "") headers.push("grpc-message", encodeStatusMessage(ending.details));
  if (ending.metadata !== undefined) appendMetadata(headers, ending.metadata);
  return headers;
}

/**
 * A status without its metadata when that makes the trailers larger than the caller takes, which would lose the whole
 * status there. An error keeps its code and text; a good end without its trailers is none.
 */
export function fittingStatus(ending: CallStatus, maxListBytes: number): CallStatus {
  if (ending.metadata === undefined || maxListBytes === Infinity) return ending;
  const bytes = headerListBytes(trailers(ending, true));
  if (bytes <= maxListBytes) return ending;
  if (ending.code !== status.OK) return { code: ending.code, details: ending.details };
  const details = `The trailers have ${bytes} bytes, the caller takes at most ${maxListBytes}`;
  return { code: status.RESOURCE_EXHAUSTED, details };
}

/** What the protocol reads of a request's headers; the rest is metadata. */
export interface RequestHead {
  readonly method: string;
  readonly path: string;
  readonly authority: string;
  readonly contentType: string;
  /** Infinity: none was given. NaN: it can't be read. */
  readonly timeoutMs: number;
  readonly timeout: string;
  readonly encoding: string;
  readonly acceptEncoding: string | undefined;
  /** W3C Trace Context as it came, unread. Empty: none, or (of `traceparent`) more than one. */
  readonly traceparent: string;
  readonly tracestate: string;
}

export function readRequestHead(headers: HeaderList): RequestHead {
  let method = "",
    path = "",
    authority = "",
    host = "",
    contentType = "",
    timeout = "",
    encoding = "identity";
  let acceptEncoding: string | undefined;
  let traceparent: string | undefined, tracestate = "";
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const value = headers[i + 1];
    const name = headers[i];
    // By length first: comparing each name with each of these is what reading a request would cost.
    switch (name.length) {
      case 4:
        if (name === "host") host = value;
        break;
      case 5:
        if (name === ":path") path = value;
        break;
      case 7:
        if (name === ":method") method = value;
        break;
      case 10:
        if (name === ":authority") authority = value;
        else if (name === "tracestate") tracestate = tracestate === "" ? value : `${tracestate},${value}`;
        break;
      case 11:
        // Two of them name no parent (W3C Trace Context, 4.3).
        if (name === "traceparent") traceparent = traceparent === undefined ? value : "";
        break;
      case 12:
        if (name === "content-type") contentType = value;
        else if (name === "grpc-timeout") timeout = value;
        break;
      case 13:
        if (name === "grpc-encoding") encoding = value;
        break;
      case 20:
        if (name === "grpc-accept-encoding") {
          acceptEncoding = acceptEncoding === undefined ? value : `${acceptEncoding},${value}`;
        }
        break;
    }
  }
  const timeoutMs = timeout === "" ? Infinity : parseTimeout(timeout) ?? NaN;
  return {
    method,
    path,
    authority: authority === "" ? host : authority,
    contentType,
    timeoutMs,
    timeout,
    encoding,
    acceptEncoding,
    traceparent: traceparent ?? "",
    tracestate,
  };
}

/** `application/grpc`, alone or with `+codec` or `;parameters`; gRPC-Web is another protocol. */
export function isGrpcContentType(contentType: string): boolean {
  if (!contentType.startsWith("application/grpc")) return false;
  const next = contentType.charAt("application/grpc".length);
  return next === "" || next === "+" || next === ";";
}

/** Whether messages come as protobuf: the subtype says so, or there is none. */
export function isProtoContentType(contentType: string): boolean {
  // Nearly all callers say one of these; the pattern costs each call more.
  return contentType === "application/grpc" || contentType === CONTENT_TYPE ||
    PROTO_CONTENT_TYPE.test(contentType);
}

const PROTO_CONTENT_TYPE = /^application\/grpc(\+proto)?\s*(;|$)/;

/** The value of `name` in a list, the first one. */
export function headerValue(headers: HeaderList, name: string): string | undefined {
  for (let i = 0; i + 1 < headers.length; i += 2) {
    if (headers[i] === name) return headers[i + 1];
  }
  return undefined;
}

function responseWith(encoding: Encoding): HeaderList {
  const headers = [":status", "200", "content-type", CONTENT_TYPE, "grpc-accept-encoding", ACCEPT_ENCODING];
  // "identity" is what a missing grpc-encoding means.
  if (encoding !== "identity") headers.push("grpc-encoding", encoding);
  return headers;
}
