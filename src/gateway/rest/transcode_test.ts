// JSON bodies: what their messages ask for, and what is said of the others. No body may fail otherwise.
import { create, fromBinary, toJson } from "@bufbuild/protobuf";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GrpcError } from "../../grpc/status.ts";
import { violationsIn } from "../../services/refusal.ts";
import { ROUTES } from "./routes.ts";
import { messageNamed, registry } from "./schema.ts";
import { answerJson, encode, requestMessage } from "./transcode.ts";

const byPath = (path: string) => ROUTES.all.find((route) => route.automatic && route.method.path === path)!;
const create_ = byPath("/gatehouse.v1.Keys/Create");
const sign = byPath("/gatehouse.v1.Crypto/Sign");

const read = (route: typeof sign, body: string | Uint8Array) =>
  requestMessage(route, { values: new Map(), query: new URLSearchParams(), body: Buffer.from(body) });

function violation(route: typeof sign, body: string): { field: string; description: string } {
  try {
    read(route, body);
  } catch (error) {
    if (error instanceof GrpcError) return violationsIn(error.metadata)[0];
    throw error;
  }
  throw new Error("it was read");
}

describe("a body is refused by field and byte:", () => {
  test.each([
    [
      '{"policy": {"algorithms": ["RSA_PKCS1_SHA256", 2, "MD5"]}}',
      "policy.algorithms[2]",
      /byte 50: .*ECDSA_P256/,
    ],
    ['{"policy": {"notBeforeMs": "soon"}}', "policy.notBeforeMs", /byte 27: .*64 bits/],
    ['{"policy": {"signaturesPerSecond": -1}}', "policy.signaturesPerSecond", /byte 35: .*0 to 4294967295/],
    ['{"policy": {"rules": []}}', "policy.rules", /byte 21: .*there are algorithms, identities/],
    ['{"policy": 3}', "policy", /byte 11: expects an object/],
    ['{"labels": {"env": 1}}', "labels.env", /byte 19: expects a string/],
    ['{"labels": ["env"]}', "labels", /byte 11: expects an object of names/],
    ['{"kind": "EC_P256", "id": "\\ud800"}', "id", /byte 26: expects a string of Unicode/],
    ['{"requestId": "a", "request_id": "b"}', "request_id", /byte 33: can't stand beside requestId/],
    ["[]", "$", /byte 0: expects an object/],
    ['{"id": "a", "id": "b"}', "id", /byte 12: is there twice/],
    ['{"id": }', "id", /byte 7: a value is missing/],
    [`{"policy": ${"[".repeat(100)}`, `policy${"[0]".repeat(63)}`, /byte 74: is nested deeper/],
  ])("%s", (body, field, words) => {
    const found = violation(create_, body);
    expect(found.description).toMatch(words);
    expect(found.field).toBe(field);
  });

  test("two parts of a oneof", () => {
    expect(violation(sign, '{"data": "AA==", "digest": "AA=="}')).toMatchObject({
      field: "digest",
      description: "at byte 27: can't stand beside data: give one of them",
    });
  });

  test("no value of the body is repeated", () => {
    const secret = "AGE-SECRET-KEY-1";
    const { description } = violation(byPath("/gatehouse.v1.Keys/Import"), `{"pkcs8Der": "${secret}!"}`);
    expect(description).toBe("at byte 13: expects a string of base64");
  });

  test("names of a caller are cut", () => {
    const found = violation(create_, `{"${"x".repeat(100_000)}": 1}`);
    expect(found.field.length).toBeLessThan(300);
  });
});

describe("any body", () => {
  const named = (names: readonly string[]) => fc.constantFrom(...names);
  const names = [
    "id",
    "kind",
    "policy",
    "labels",
    "algorithms",
    "data",
    "digest",
    "key",
    "version",
    "items",
    "requestId",
    "request_id",
    "tls",
    "__proto__",
    "constructor",
    "toString",
    "@type",
    "[x.y]",
    "",
  ];
  const leaf = fc.oneof(
    fc.constantFrom(null, true, "EC_P256", "AA==", "-1", "", 0, -1, 1.5, 4294967296, 1e300),
    fc.string({ unit: "binary" }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 6 },
      leaf,
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(named(names), tie("value"), { maxKeys: 4 }),
    ),
  }));
  const routes = ROUTES.all.filter(({ automatic }) => automatic);

  test("is a message or INVALID_ARGUMENT with a field", () => {
    fc.assert(
      fc.property(fc.constantFrom(...routes), value, (route, body) => {
        try {
          encode(route.method.request, read(route, JSON.stringify(body)));
        } catch (error) {
          if (!(error instanceof GrpcError)) throw error;
          expect(violationsIn(error.metadata)).toHaveLength(1);
          expect(JSON.stringify(violationsIn(error.metadata)).isWellFormed()).toBe(true);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test("of bytes, too", () => {
    fc.assert(fc.property(fc.constantFrom(...routes), fc.uint8Array({ minLength: 1 }), (route, body) => {
      expect(() => read(route, body)).toThrow(GrpcError);
    }));
  });
});

describe("any query", () => {
  const name = fc.oneof(
    fc.constantFrom(
      "pageSize",
      "page_size",
      "labels[a]",
      "labels[__proto__]",
      "labels",
      "states",
      "id",
      "version",
      "format",
      "policy.x",
      "a.b.c",
      "__proto__",
      "constructor",
      ".",
      "",
      "[]",
    ),
    fc.string(),
  );
  const text = fc.oneof(
    fc.constantFrom("1", "-1", "true", "ENABLED", "", "1e3", "99999999999999999999"),
    fc.string(),
  );
  const routes = ROUTES.all.filter(({ inBody }) => !inBody);

  test("is a message or INVALID_ARGUMENT", () => {
    const queries = fc.array(fc.tuple(name, text), { maxLength: 4 });
    const body = new Uint8Array();
    fc.assert(
      fc.property(fc.constantFrom(...routes), queries, fc.string(), (route, query, part) => {
        const values = new Map(route.template.fields.map((field) => [field, part]));
        try {
          const given = requestMessage(route, { values, query: new URLSearchParams(query), body });
          encode(route.method.request, given);
        } catch (error) {
          expect(error).toBeInstanceOf(GrpcError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

test("what is written as JSON is read back the same", () => {
  const type = messageNamed("gatehouse.v1.CreateKeyRequest");
  const given = create(type, {
    id: "a",
    kind: 4,
    labels: { ["__proto__"]: "x", env: "é" },
    policy: { algorithms: [3], notAfterMs: 2n ** 62n },
  });
  const again = read(create_, answerJson(type, encode(type, given)));
  expect(toJson(type, again)).toEqual(toJson(type, fromBinary(type, encode(type, given))));
  expect(registry.getMessage("gatehouse.v1.Proof")).toBeDefined();
});
