// The HTTP request of a call, by a route: what stands in the path, what in the query, what in the body.
// Must never be written for one method: what a route says is all that there is.
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { Route } from "../../src/gateway/rest/routes.ts";
import type { HttpAsk } from "./http_caller.ts";

/** Undefined: the route can't say it, as a field of its path is empty. @param request with the names of JSON */
export function askBy({ verb, template, inBody }: Route, request: JsonObject): HttpAsk | undefined {
  const rest = { ...request };
  let path = template.text;
  for (const field of template.fields) {
    const value = rest[field];
    if (typeof value !== "string" || value === "") return undefined;
    path = path.replace(`{${field}}`, encodeURIComponent(value));
    delete rest[field];
  }
  if (inBody) {
    const headers = { "content-type": "application/json" };
    return { verb, target: path, headers, body: JSON.stringify(rest) };
  }
  const query = new URLSearchParams(Object.entries(rest).flatMap(([name, value]) => parameters(name, value)));
  return { verb, target: query.size > 0 ? `${path}?${query}` : path };
}

function parameters(name: string, value: JsonValue): [string, string][] {
  if (Array.isArray(value)) return value.map((one) => [name, String(one)]);
  if (typeof value !== "object" || value === null) return [[name, String(value)]];
  return Object.entries(value).map(([key, one]) => [`${name}[${key}]`, String(one)]);
}
