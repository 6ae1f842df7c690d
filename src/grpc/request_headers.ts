// A request's headers, without its timeout.
// Calls without metadata share one array per method: the HTTP/2 engine keeps its encoding.
import type { Metadata } from "@grpc/grpc-js";
import type { HeaderList } from "../http2/mod.ts";
import { ACCEPT_ENCODING, type Encoding } from "./compression.ts";
import { appendMetadata } from "./metadata.ts";

const USER_AGENT = "gatehouse-grpc/0.1";
/** Methods whose headers are kept; a program calls few, a fuzzer many. */
const MAX_KEPT = 256;

export class RequestHeaders {
  readonly #kept = new Map<string, HeaderList>();
  readonly #authority: string;

  /** @param address of the channel's first target: the authority when it has a host */
  constructor(address: string, private readonly encoding: Encoding) {
    // Unix and VSOCK addresses are no authorities (RFC 3986 section 3.2); gRPC says localhost there.
    const host = /^(?:tcp:\/\/)?([^/:]+|\[[0-9a-fA-F:]+\]):[0-9]+$/.exec(address);
    this.#authority = host === null || host[1] === "vsock" ? "localhost" : address.replace("tcp://", "");
  }

  /** Not to be changed by the caller. */
  of(path: string, host?: string, metadata?: Metadata): HeaderList {
    const kept = host === undefined ? this.#shared(path) : this.#make(path, host);
    if (metadata === undefined) return kept;
    const headers = kept.slice();
    appendMetadata(headers, metadata);
    return headers.length === kept.length ? kept : headers;
  }

  #shared(path: string): HeaderList {
    let headers = this.#kept.get(path);
    if (headers === undefined) {
      headers = this.#make(path, this.#authority);
      if (this.#kept.size < MAX_KEPT) this.#kept.set(path, headers);
    }
    return headers;
  }

  #make(path: string, authority: string): HeaderList {
    const headers = [":method", "POST", ":scheme", "http", ":path", path, ":authority", authority];
    headers.push("te", "trailers", "content-type", "application/grpc", "user-agent", USER_AGENT);
    headers.push("grpc-accept-encoding", ACCEPT_ENCODING);
    if (this.encoding !== "identity") headers.push("grpc-encoding", this.encoding);
    return headers;
  }
}
