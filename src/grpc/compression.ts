// Message compression: gzip and deflate, each way, never beyond a given size.
// Runs on the event loop: both directions are bounded by limits.ts for that reason.
import type { Buffer } from "node:buffer";
import { deflateSync, gunzipSync, gzipSync, inflateSync } from "node:zlib";
import { status } from "@grpc/grpc-js";
import { MAX_COMPRESS_BYTES, MIN_COMPRESS_BYTES } from "./limits.ts";
import { GrpcError } from "./status.ts";

export type Encoding = "identity" | "gzip" | "deflate";

/** The value of grpc-accept-encoding. */
export const ACCEPT_ENCODING = "identity,deflate,gzip";

/** Speed over size: the loop waits meanwhile. */
const FAST = { level: 1 };

/** The encoding of that name if this engine has it. */
export function knownEncoding(name: string): Encoding | undefined {
  return name === "identity" || name === "gzip" || name === "deflate" ? name : undefined;
}

/** Whether a list such as `identity,gzip` names `encoding`. */
export function accepts(list: string | undefined, encoding: Encoding): boolean {
  return list !== undefined && list.split(",").some((one) => one.trim() === encoding);
}

/** Whether compressing so many bytes is worth it and bounded. */
export function worthCompressing(lengthBytes: number): boolean {
  return lengthBytes >= MIN_COMPRESS_BYTES && lengthBytes <= MAX_COMPRESS_BYTES;
}

export function compress(message: Uint8Array, encoding: Encoding): Uint8Array {
  if (encoding === "gzip") return gzipSync(message, FAST);
  return encoding === "deflate" ? deflateSync(message, FAST) : message;
}

/**
 * Makes no more than `maxBytes`, whatever the message holds.
 * @throws GrpcError RESOURCE_EXHAUSTED past `maxBytes`, INTERNAL when the bytes are not of that
 *   encoding or when a message says compressed and the call's headers said it is not.
 */
export function decompress(message: Uint8Array, encoding: Encoding, maxBytes: number): Buffer {
  if (encoding === "identity") {
    throw new GrpcError(status.INTERNAL, "A message has the compressed flag, but grpc-encoding is identity");
  }
  try {
    // One byte more than allowed, so that exactly maxBytes passes; 0 would mean "no limit" to zlib.
    const options = { maxOutputLength: maxBytes + 1 };
    const out = encoding === "gzip" ? gunzipSync(message, options) : inflateSync(message, options);
    if (out.length <= maxBytes) return out;
  } catch (error) {
    if ((error as { code?: string }).code !== "ERR_BUFFER_TOO_LARGE") {
      throw new GrpcError(status.INTERNAL, "Failed to decompress message");
    }
  }
  throw new GrpcError(
    status.RESOURCE_EXHAUSTED,
    `Received message that decompresses to a size larger than ${maxBytes}`,
  );
}
