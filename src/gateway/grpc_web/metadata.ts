// Metadata <-> HTTP headers of gRPC-Web: what a page's code said, without what its browser said.
// Must never let a page say what only the gateway says (own_calls.ts takes that out again).
import { Metadata } from "@grpc/grpc-js";
import type { HeaderList } from "../../http2/mod.ts";
import { appendMetadata, metadataFrom } from "../../grpc/metadata.ts";

/** HTTP's, and what browsers add by themselves. */
const NOT_METADATA =
  /^(?:accept|accept-.*|access-control-.*|cache-control|connection|content-.*|cookie|dnt|expect|host|if-.*|keep-alive|origin|pragma|priority|proxy-.*|range|referer|save-data|sec-.*|te|trailer|transfer-encoding|upgrade|via|x-grpc-web|x-user-agent|gatehouse-proof)$/;

/** A request's. */
export function metadataOf(headers: Headers): Metadata {
  const list: HeaderList = [];
  for (const [name, value] of headers) {
    if (!NOT_METADATA.test(name)) list.push(name, value);
  }
  return metadataFrom(list);
}

/** Adds an answer's to its headers. Those of HTTP itself stay as they are. */
export function addMetadata(headers: Headers, metadata: Metadata): void {
  const list: HeaderList = [];
  appendMetadata(list, metadata);
  for (let i = 0; i + 1 < list.length; i += 2) {
    if (!NOT_METADATA.test(list[i])) headers.append(list[i], list[i + 1]);
  }
}
