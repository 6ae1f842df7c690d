// gRPC-Web's frames (grpc/grpc doc/PROTOCOL-WEB.md): a flag byte, a length, a message or the trailers.
// Must never hold more of a request than its one message.
import { Buffer } from "node:buffer";
import { status } from "@grpc/grpc-js";
import { GrpcError } from "../../grpc/status.ts";
import { trailers } from "../../grpc/headers.ts";
import type { CallStatus } from "../../grpc/status.ts";
import { MAX_BASE64_PIECES } from "../http/limits.ts";

const PREFIX_BYTES = 5;
const COMPRESSED = 0x01;
const TRAILERS = 0x80;

/** application/grpc-web, and -text: the same in base64. */
export interface WebType {
  /** Content-Type of the answer. */
  readonly name: string;
  readonly text: boolean;
}

/** Undefined for what isn't gRPC-Web; other codecs than protobuf are none of ours. */
export function webTypeOf(contentType: string | null): WebType | undefined {
  const found = /^application\/grpc-web(-text)?(?:\+proto)?\s*(?:;|$)/i.exec(contentType ?? "");
  if (found === null) return undefined;
  const text = found[1] !== undefined;
  return { name: `application/grpc-web${text ? "-text" : ""}+proto`, text };
}

/**
 * The one message of a request. None at all is none, as an empty stream of requests has.
 * @throws GrpcError
 */
export function messageIn(body: Uint8Array, { text }: WebType): Uint8Array {
  const bytes = text ? fromBase64(body) : Buffer.from(body.buffer, body.byteOffset, body.length);
  if (bytes.length < PREFIX_BYTES) throw invalid("the request has no message");
  const flags = bytes[0];
  if ((flags & COMPRESSED) !== 0) {
    throw new GrpcError(status.UNIMPLEMENTED, "compressed requests aren't read here; send them as they are");
  }
  if (flags !== 0) throw invalid(`the request begins with a frame of kind ${flags}, not with a message`);
  const length = bytes.readUInt32BE(1);
  if (length !== bytes.length - PREFIX_BYTES) {
    throw invalid(
      `the request's message says ${length} bytes, ${bytes.length - PREFIX_BYTES} follow; send one message`,
    );
  }
  return bytes.subarray(PREFIX_BYTES);
}

export const messageFrame = (message: Uint8Array, type: WebType): Uint8Array => frame(0, message, type);

/** The end: status and trailers in a frame of their own. */
export function trailersFrame(ending: CallStatus, type: WebType): Uint8Array {
  const list = trailers(ending, false);
  let lines = "";
  for (let i = 0; i + 1 < list.length; i += 2) lines += `${list[i]}: ${list[i + 1]}\r\n`;
  return frame(TRAILERS, Buffer.from(lines, "latin1"), type);
}

function frame(flags: number, content: Uint8Array, { text }: WebType): Uint8Array {
  const bytes = Buffer.allocUnsafe(PREFIX_BYTES + content.length);
  bytes[0] = flags;
  bytes.writeUInt32BE(content.length, 1);
  bytes.set(content, PREFIX_BYTES);
  // Each frame padded by itself: readers take base64 in pieces.
  return text ? Buffer.from(bytes.toString("base64")) : bytes;
}

/** In pieces, each padded, or in one. */
function fromBase64(body: Uint8Array): Buffer {
  const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString("latin1");
  if (!/^[A-Za-z0-9+/=\s]*$/.test(text)) throw invalid("the request isn't base64");
  const pieces = text.split(/(?<==)(?!=)/, MAX_BASE64_PIECES + 1);
  if (pieces.length > MAX_BASE64_PIECES) {
    throw invalid(`the request is base64 in more than ${MAX_BASE64_PIECES} pieces; send it in one`);
  }
  return Buffer.concat(pieces.map((piece) => Buffer.from(piece, "base64")));
}

const invalid = (details: string) => new GrpcError(status.INTERNAL, details);
