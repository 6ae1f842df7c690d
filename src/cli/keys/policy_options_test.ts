import Long from "long";
import { expect, test } from "vitest";
import { Algorithm, Transport } from "../../proto/mod.ts";
import { namesPolicy, policyOf, withRules } from "./policy_options.ts";

const BEFORE = {
  algorithms: [Algorithm.ECDSA_P256_SHA256],
  identities: ["dns:ci.example"],
  transports: [],
  not_before_ms: Long.ZERO,
  not_after_ms: Long.ZERO,
  signatures_per_second: 5,
};

test("a rule that isn't named stays, and `any` takes one away", () => {
  const rules = policyOf({ allowTransport: ["vsock", "tcp-tls"], rate: "any" });
  expect(withRules(BEFORE, rules)).toMatchObject({
    identities: ["dns:ci.example"],
    transports: [Transport.VSOCK, Transport.TCP_TLS],
    signatures_per_second: 0,
  });
  expect(withRules(BEFORE, policyOf({ allowIdentity: ["any"] })).identities).toEqual([]);
  expect(withRules(BEFORE, policyOf({ notAfter: "any" })).not_after_ms).toBe(0);
});

test("no option names no rule", () => {
  expect(namesPolicy({})).toBe(false);
  expect(namesPolicy({ rate: "any" })).toBe(true);
});

test.each([
  { rate: "0" },
  { rate: "-1" },
  { rate: "4294967296" },
  { allowAlgorithm: ["md5"] },
  { allowTransport: ["any", "vsock"] },
  { notBefore: "soon" },
])("%o is refused", (flags) => expect(() => policyOf(flags)).toThrow());
