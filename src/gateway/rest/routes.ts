// Which method a request line is: made from the methods' google.api.http rules, those of this file for protos that have
// none, and one automatic route for each. Must never hold two routes that a request could both mean.
import { fieldAt } from "./fields.ts";
import { clash, matchTemplate, parseTemplate, type PathTemplate, split } from "./path_template.ts";
import { METHODS, type ServedMethod } from "./schema.ts";

export type Verb = "GET" | "PUT" | "POST" | "DELETE" | "PATCH";

export interface Route {
  readonly verb: Verb;
  readonly template: PathTemplate;
  readonly method: ServedMethod;
  /** All fields that the path doesn't have stand in the body; else in the query. */
  readonly inBody: boolean;
  /** `POST /package.Service/Method`, which every method has. */
  readonly automatic: boolean;
}

/** For protos without annotations: those of the server that Gatehouse descends from, and libraries'. */
const EXTRA_RULES: Readonly<Record<string, object>> = {
  "/echo.EchoService/Echo": { post: "/v1/echo", body: "*" },
  "/crypto.CryptoService/Sign": { post: "/v1/crypto:sign", body: "*" },
  "/crypto.CryptoService/GetPublicKey": { get: "/v1/crypto/publicKey" },
  "/grpc.health.v1.Health/Check": { get: "/v1/health" },
  "/grpc.health.v1.Health/List": { get: "/v1/health/services" },
  "/grpc.health.v1.Health/Watch": { get: "/v1/health:watch" },
};

const VERBS: Readonly<Record<string, Verb>> = {
  get: "GET",
  put: "PUT",
  post: "POST",
  delete: "DELETE",
  patch: "PATCH",
};

/** What a request line asks for. */
export type Found =
  | { readonly route: Route; readonly values: ReadonlyMap<string, string> }
  /** The path is known, by these verbs. */
  | { readonly allowed: readonly Verb[] }
  | undefined;

export class Routes {
  /** By the number of segments and the verb at the end: few are left to be looked through. */
  readonly #groups = new Map<string, Route[]>();

  /** @throws Error when two could be meant by one request, or a rule names a field that isn't there */
  constructor(readonly all: readonly Route[]) {
    for (const route of all) {
      const key = groupOf(route.template.segments.length, route.template.verb);
      const group = this.#groups.get(key) ?? [];
      const other = group.find((each) => each.verb === route.verb && clash(each.template, route.template));
      if (other !== undefined) {
        throw new Error(`${nameOf(route)} and ${nameOf(other)} clash: change the rule of one of them`);
      }
      this.#groups.set(key, [...group, route].sort(literalsFirst));
    }
  }

  /** @param path as it was sent, percent-encoded */
  find(verb: string, path: string): Found {
    const { parts, verb: custom } = split(path);
    const allowed: Verb[] = [];
    for (const route of this.#groups.get(groupOf(parts.length, custom)) ?? []) {
      const values = matchTemplate(route.template, parts);
      if (values === undefined) continue;
      if (route.verb === verb) return { route, values };
      allowed.push(route.verb);
    }
    return allowed.length > 0 ? { allowed } : undefined;
  }
}

const groupOf = (segments: number, verb: string) => `${segments}:${verb}`;

/** `/v1/keys/import` before `/v1/keys/{id}`: a literal is what was meant. */
const literalsFirst = (a: Route, b: Route) => a.template.fields.length - b.template.fields.length;

const nameOf = ({ verb, template, method }: Route) => `${verb} ${template.text} (${method.path})`;

/** Every route of these methods. @throws Error what `Routes` throws, or for a rule that says what isn't understood */
export function routesOf(methods: readonly ServedMethod[]): Routes {
  return new Routes(methods.flatMap((method) => {
    const rule = method.rule ?? EXTRA_RULES[method.path];
    return [...rulesOf(method, rule), automatic(method)];
  }));
}

/** Those of this server. */
export const ROUTES: Routes = routesOf(METHODS);

function automatic(method: ServedMethod): Route {
  return { verb: "POST", template: parseTemplate(method.path), method, inBody: true, automatic: true };
}

function rulesOf(method: ServedMethod, rule: unknown): Route[] {
  if (rule === undefined) return [];
  const { body = "", additional_bindings: more = [], ...pattern } = rule as Record<string, unknown>;
  const [[kind, path], ...others] = Object.entries(pattern);
  const verb: Verb | undefined = VERBS[kind];
  if (verb === undefined || typeof path !== "string" || others.length > 0 || (body !== "" && body !== "*")) {
    throw new Error(`${method.path}: only a verb, its path, body "*" and additional_bindings are understood`);
  }
  const template = parseTemplate(path);
  for (const field of template.fields) {
    const found = fieldAt(method.request, field);
    if (found?.fieldKind !== "scalar") throw new Error(`${method.path}: ${field} is no field of its request`);
  }
  const bindings: unknown[] = Array.isArray(more) ? more : [more];
  return [
    { verb, template, method, inBody: body === "*", automatic: false },
    ...bindings.flatMap((each) => rulesOf(method, each)),
  ];
}
