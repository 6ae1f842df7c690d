// A request of node:http as one of the web's, once nothing about it is ambiguous.
// Must never guess: what two readers could read in two ways is refused (RFC 9112, 11.2: request smuggling).
import type { IncomingMessage } from "node:http";
import { MAX_HEADER_FIELDS } from "./limits.ts";

/** A request that is no call, and what its client is told. */
export interface BadRequest {
  readonly httpCode: number;
  readonly message: string;
}

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
/** A name or an IP address, and perhaps a port (RFC 9110, 7.2). */
const HOST = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;

/** Some have the form and are no host for a URL: ports above 65535, five numbers, numbers above 255. */
const isHost = (host: string): boolean => HOST.test(host) && URL.canParse(`http://${host}/`);

/** Why the request isn't looked at further; undefined when it may be. */
export function badRequestOf(request: IncomingMessage): BadRequest | undefined {
  const { rawHeaders, headers, httpVersion, method = "", url = "" } = request;
  if (httpVersion !== "1.1") return { httpCode: 505, message: "this is an HTTP/1.1 server; send HTTP/1.1" };
  if (rawHeaders.length / 2 > MAX_HEADER_FIELDS) {
    return { httpCode: 431, message: `more than ${MAX_HEADER_FIELDS} header fields; send fewer` };
  }
  if (!METHODS.has(method)) return { httpCode: 501, message: "no path here has that method" };
  // The parser tells of such a request before it refuses it.
  if (!/^chunked$/i.test(headers["transfer-encoding"] ?? "chunked")) {
    return { httpCode: 400, message: "the only transfer coding of a request is chunked" };
  }
  const hosts = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === "host");
  if (hosts.length !== 1 || !isHost(headers.host ?? "")) {
    return { httpCode: 400, message: "send one Host header: a name or an IP address, and perhaps a port" };
  }
  if (headers.expect !== undefined && !/^100-continue$/i.test(headers.expect)) {
    return { httpCode: 417, message: "the only expectation that is met is 100-continue; leave others out" };
  }
  if (targetOf(url, headers.host ?? "") === undefined) {
    return {
      httpCode: 400,
      message: 'the request target is not in its normal form; send one like "/v1/keys?pageSize=5"',
    };
  }
  return undefined;
}

/**
 * A request that badRequestOf() lets through.
 * @param body undefined where there is none
 */
export function requestOf(
  incoming: IncomingMessage,
  scheme: "http" | "https",
  body: ReadableStream<Uint8Array> | undefined,
  signal: AbortSignal,
): Request {
  const { rawHeaders, headers: { host = "" }, method, url = "" } = incoming;
  const headers = new Headers();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) headers.append(rawHeaders[i], rawHeaders[i + 1]);
  return new Request(`${scheme}://${host}${targetOf(url, host)}`, {
    method,
    headers,
    signal,
    body: method === "GET" || method === "HEAD" ? undefined : body,
  });
}

/** Whether anything follows the headers (RFC 9112, 6). */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

/** The target in origin form, which is what proofs are made over; undefined when a URL would have it otherwise. */
function targetOf(url: string, host: string): string | undefined {
  const [, authority, rest] = /^https?:\/\/([^/?#]*)(.*)$/i.exec(url) ?? [];
  // RFC 9112, 3.2.2: the absolute form is to be taken; another name in it than in Host would be a second opinion.
  if (authority !== undefined && authority !== host) return undefined;
  const target = rest ?? url;
  if (!target.startsWith("/") || !URL.canParse(`http://localhost${target}`)) return undefined;
  const { pathname, search } = new URL(`http://localhost${target}`);
  return pathname + search === target ? target : undefined;
}
