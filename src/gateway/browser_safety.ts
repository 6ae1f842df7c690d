// Which requests a browser may make here. There are no cookies, but a local door gives rights to whoever connects, and a
// browser connects for any page. Must never look at who the caller is: that is the authority's.

/** Of the configuration. */
export interface BrowserRules {
  /** Origins of other sites whose pages may call. */
  readonly corsOrigins: readonly string[];
  /** Names by which a browser may call, beside localhost and IP addresses. */
  readonly hosts: readonly string[];
}

/** A request that isn't let in. */
export interface BrowserRefusal {
  readonly httpCode: 403 | 415 | 421;
  readonly message: string;
}

/** Types that any page may send without asking (Fetch, "CORS-safelisted request-header"): a form's. */
const SIMPLE_TYPE = /^\s*(?:$|text\/plain|multipart\/form-data|application\/x-www-form-urlencoded)/i;
const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);
const IP_OR_LOCALHOST = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\]|(?:[a-z0-9-]+\.)*localhost)$/i;

/**
 * Why the request isn't let in; undefined when it is.
 * @param byTls its server's name was checked by the client, against a certificate; a relay that adds TLS for a browser has
 * to look at the name itself, as src/cli/page_names.ts does
 */
export function browserRefusal(
  request: Request,
  rules: BrowserRules,
  byTls: boolean,
): BrowserRefusal | undefined {
  const { headers, method, url } = request;
  const { host, hostname, pathname } = new URL(url);
  if (!byTls && !knownHost(hostname, rules)) {
    return {
      httpCode: 421,
      message:
        "this name isn't known here (DNS rebinding): call by an IP address or localhost, or add it to gateway.hosts",
    };
  }
  const origin = headers.get("origin");
  const site = headers.get("sec-fetch-site");
  if (origin !== null && rules.corsOrigins.includes(origin)) return undefined;
  const ownOrigin = origin === null || (URL.canParse(origin) && new URL(origin).host === host);
  const ownSite = site === null || site === "same-origin" || site === "none" ||
    (method === "GET" && pathname === "/" && headers.get("sec-fetch-mode") === "navigate");
  if (!ownOrigin || !ownSite) {
    return {
      httpCode: 403,
      message: "pages of other origins may not call this; add theirs to gateway.cors_origins",
    };
  }
  const bodyless = request.body === null && !headers.has("content-type");
  if (!SAFE_METHODS.has(method) && !bodyless && SIMPLE_TYPE.test(headers.get("content-type") ?? "")) {
    return { httpCode: 415, message: "send Content-Type: application/json" };
  }
  return undefined;
}

/** What an answer to a page of another origin carries; undefined for every other. */
export function corsHeaders(request: Request, { corsOrigins }: BrowserRules): Headers | undefined {
  const origin = request.headers.get("origin");
  if (origin === null || !corsOrigins.includes(origin)) return undefined;
  return new Headers({
    "access-control-allow-origin": origin,
    "access-control-expose-headers": "*, grpc-status, grpc-message, retry-after",
    "cross-origin-resource-policy": "cross-origin",
    vary: "Origin",
  });
}

/** The answer to a browser that asks before it sends (Fetch, "CORS-preflight request"); undefined for what is none. */
export function preflight(request: Request, rules: BrowserRules): Response | undefined {
  if (request.method !== "OPTIONS") return undefined;
  const headers = corsHeaders(request, rules);
  const asked = request.headers.get("access-control-request-method");
  if (headers === undefined || asked === null) return undefined;
  headers.set("access-control-allow-methods", "GET, POST, PUT, PATCH, DELETE");
  headers.set("access-control-allow-headers", request.headers.get("access-control-request-headers") ?? "");
  headers.set("access-control-max-age", "600");
  return new Response(null, { status: 204, headers });
}

/** Whether it is none that somebody could point elsewhere by DNS. @param hostname as in a Host header, without the port */
export const isAddressOrLocalhost = (hostname: string): boolean => IP_OR_LOCALHOST.test(hostname);

const knownHost = (hostname: string, { hosts }: BrowserRules): boolean =>
  isAddressOrLocalhost(hostname) || hosts.includes(hostname);
