// Routes from rules: which method a request line is, and that no two could be meant.
import { describe, expect, test } from "vitest";
import { TABLE } from "../../authority/table.ts";
import { type Found, ROUTES, routesOf } from "./routes.ts";
import { METHODS, type ServedMethod } from "./schema.ts";

const sample = METHODS.find(({ path }) => path === "/gatehouse.v1.Keys/Get")!;
const withRule = (name: string, rule: object): ServedMethod => ({
  ...sample,
  path: `/test.Service/${name}`,
  rule,
});

const pathOf = (found: Found) => found !== undefined && "route" in found ? found.route.method.path : found;

describe("a request line", () => {
  test.each([
    ["GET", "/v1/keys", "/gatehouse.v1.Keys/List"],
    ["POST", "/v1/keys", "/gatehouse.v1.Keys/Create"],
    ["POST", "/v1/keys:import", "/gatehouse.v1.Keys/Import"],
    ["GET", "/v1/keys/a.b", "/gatehouse.v1.Keys/Get"],
    ["POST", "/v1/keys/a:rotate", "/gatehouse.v1.Keys/Rotate"],
    ["GET", "/v1/keys/a/publicKey", "/gatehouse.v1.Keys/GetPublicKey"],
    ["POST", "/v1/crypto:sign", "/crypto.CryptoService/Sign"],
    ["GET", "/v1/health", "/grpc.health.v1.Health/Check"],
    ["POST", "/grpc.health.v1.Health/Watch", "/grpc.health.v1.Health/Watch"],
  ])("%s %s is %s", (verb, path, method) => {
    expect(pathOf(ROUTES.find(verb, path))).toBe(method);
  });

  test.each(["/v1/keys/a:nothing", "/v1/keys/", "/v1/keys/a/b", "/v1", "/", "//", "/v1/keys/a%3Arotate/x"])(
    "of %s is none",
    (path) => expect(ROUTES.find("GET", path)).toBeUndefined(),
  );

  test("gives an encoded colon or slash to the field", () => {
    expect(ROUTES.find("GET", "/v1/keys/a%3Arotate%2F")).toMatchObject({
      values: new Map([["id", "a%3Arotate%2F"]]),
    });
  });

  test("by another verb names those that there are", () => {
    expect(ROUTES.find("PATCH", "/v1/keys")).toEqual({ allowed: expect.arrayContaining(["GET", "POST"]) });
  });
});

test("every method of the authority table that takes one message has its own path and a rule's", () => {
  const bySteam = /SignStream|Restore|ServerReflectionInfo/;
  for (const path of [...TABLE.keys()].filter((one) => !bySteam.test(one))) {
    const routes = ROUTES.all.filter(({ method }) => method.path === path);
    expect(routes.map(({ automatic }) => automatic), path).toEqual([false, true]);
  }
});

describe("two routes that one request could mean", () => {
  test.each([
    [{ get: "/v1/a/{id}" }, { get: "/v1/a/{id}" }],
    [{ get: "/v1/{id}/b" }, { get: "/v1/b/{id}" }],
    [{ post: "/v1/a:go", body: "*" }, { post: "/v1/a:go" }],
  ])("are refused: %j and %j", (one, other) => {
    expect(() => routesOf([withRule("One", one), withRule("Other", other)])).toThrow(/clash/);
  });

  test("aren't those of which one says more, or has another verb", () => {
    const rules = [
      { get: "/v1/a/{id}" },
      { get: "/v1/a/b" },
      { post: "/v1/a/{id}" },
      { get: "/v1/a/{id}:go" },
    ];
    const routes = routesOf(rules.map((rule, i) => withRule(`M${i}`, rule)));
    expect(pathOf(routes.find("GET", "/v1/a/b"))).toBe("/test.Service/M1");
    expect(pathOf(routes.find("GET", "/v1/a/c"))).toBe("/test.Service/M0");
  });
});

test.each([{ get: "/v1/{nothing}" }, { get: "/v1/a", body: "id" }, { custom: { kind: "X" } }, {
  get: "/v1/a*",
}])(
  "a rule that can't be kept is refused: %j",
  (rule) => expect(() => routesOf([withRule("One", rule)])).toThrow(),
);
