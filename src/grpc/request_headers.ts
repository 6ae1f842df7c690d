// A request's headers, without its metadata and its timeout.
// Calls of one method share one array: the HTTP/2 engine keeps its encoding.
import type { HeaderList } from "../http2/mod.ts";
import { ACCEPT_ENCODING, type Encoding } from "./compression.ts";

const USER_AGENT = "gatehouse-grpc/0.1";
/** Methods whose headers are kept; a program calls few, a fuzzer many. */
const MAX_KEPT = 256;

export class RequestHeaders {
  readonly #kept = new Map<string, HeaderList>();
  readonly #authority: string;

  /**
   * @param address of the channel's first target: the authority when it has a host
   * @param authority instead of that
   */
  constructor(address: string, authority?: string) {
    this.#authority = authority ?? authorityOf(address);
  }

  /** Not to be changed by the caller. */
  of(path: string, encoding: Encoding, host?: string): HeaderList {
    if (host !== undefined) return make(path, host, encoding);
    // A path begins with a slash, so no two of these are equal.
    const key = encoding === "identity" ? path : encoding + path;
    let headers = this.#kept.get(key);
    if (headers === undefined) {
      headers = make(path, this.#authority, encoding);
      if (this.#kept.size < MAX_KEPT) this.#kept.set(key, headers);
    }
    return headers;
  }
}

/** Unix and VSOCK addresses are no authorities (RFC 3986 section 3.2); gRPC says localhost there. */
function authorityOf(address: string): string {
  const host = /^(?:tcp:\/\/)?([^/:]+|\[[0-9a-fA-F:]+\]):[0-9]+$/.exec(address);
  return host === null || host[1] === "vsock" ? "localhost" : address.replace("tcp://", "");
}

function make(path: string, authority: string, encoding: Encoding): HeaderList {
  const headers = [":method", "POST", ":scheme", "http", ":path", path, ":authority", authority];
  headers.push("te", "trailers", "content-type", "application/grpc", "user-agent", USER_AGENT);
  headers.push("grpc-accept-encoding", ACCEPT_ENCODING);
  if (encoding !== "identity") headers.push("grpc-encoding", encoding);
  return headers;
}
