// Metadata <-> header lists (grpc/grpc doc/PROTOCOL-HTTP2.md, "Custom-Metadata").
// Must never let metadata overwrite what the protocol itself says in headers.
import { Buffer } from "node:buffer";
import { Metadata } from "@grpc/grpc-js";
import type { HeaderList } from "../http2/mod.ts";

/** Said by the protocol, never by metadata, in either direction. `host` and `connection` are HTTP/1's. */
const RESERVED = new Set([
  "content-type",
  "te",
  "user-agent",
  "host",
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
  "grpc-status",
  "grpc-message",
  "grpc-timeout",
  "grpc-encoding",
  "grpc-accept-encoding",
  "grpc-message-type",
  "accept-encoding",
  "content-length",
]);

/** Reserved to send, but of use to the reader: who calls, what answers. */
const READABLE = new Set(["user-agent", "content-type"]);
/** What a handler sees of a request: as grpc-js, which hides content-type there. */
export const READABLE_REQUEST: ReadonlySet<string> = new Set(["user-agent"]);

/** Appends `metadata` to `headers`. Values keep their order; `-bin` is base64 without padding. */
export function appendMetadata(headers: HeaderList, metadata: Metadata): void {
  const values = metadata.toHttp2Headers();
  for (const name in values) {
    if (RESERVED.has(name)) continue;
    const value = values[name];
    if (Array.isArray(value)) { for (const one of value) headers.push(name, wireValue(name, one)); }
    else if (value !== undefined) headers.push(name, wireValue(name, String(value)));
  }
}

/**
 * What a peer's headers say beyond the protocol.
 * An entry that grpc-js's Metadata does not take (bytes outside printable ASCII) is left out, as there.
 */
export function metadataFrom(headers: HeaderList, readable: ReadonlySet<string> = READABLE): Metadata {
  const metadata = new Metadata();
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i];
    if (name.charCodeAt(0) === 0x3a || (RESERVED.has(name) && !readable.has(name))) continue;
    addValue(metadata, name, headers[i + 1]);
  }
  return metadata;
}

function wireValue(name: string, value: string): string {
  if (!name.endsWith("-bin")) return value.trim();
  let end = value.length;
  while (end > 0 && value[end - 1] === "=") end--;
  return value.slice(0, end);
}

function addValue(metadata: Metadata, name: string, value: string): void {
  try {
    if (name.endsWith("-bin")) {
      // A binary value can't hold a comma, so one header line may carry several.
      for (const one of value.split(",")) metadata.add(name, Buffer.from(one.trim(), "base64"));
    } else {
      metadata.add(name, value);
    }
  } catch {
    // Not legal as gRPC metadata; HTTP/2 allows more bytes than gRPC does.
  }
}
