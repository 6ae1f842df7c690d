// Names of certificates: one canonical text each, and what is no name.
import { describe, expect, test } from "vitest";
import { PkiError } from "./error.ts";
import { canonicalName } from "./names.ts";

describe("canonicalName", () => {
  test.each([
    ["dns:ci.example", "dns:ci.example"],
    ["dns:CI.Example", "dns:ci.example"],
    ["dns:localhost", "dns:localhost"],
    ["dns:*.example.org", "dns:*.example.org"],
    ["dns:xn--bro-hoa.example", "dns:xn--bro-hoa.example"],
    ["ip:192.0.2.7", "ip:192.0.2.7"],
    ["ip:2001:DB8:0:0:0:0:0:1", "ip:2001:db8::1"],
    ["ip:::1", "ip:::1"],
    ["email:Ada@Example.ORG", "email:Ada@example.org"],
    ["uri:spiffe://example.org/Ci", "uri:spiffe://example.org/Ci"],
  ])("%s is %s, and stays so", (text, canonical) => {
    expect(canonicalName(text)).toBe(canonical);
    expect(canonicalName(canonical)).toBe(canonical);
  });

  test.each([
    ["ci.example", "what kind of name"],
    ["DNS:ci.example", "what kind of name"],
    ["dns:", "no DNS name"],
    ["dns:a..b", "no DNS name"],
    ["dns:a.example.", "no DNS name"],
    ["dns:a.*.example", "no DNS name"],
    ["dns:192.0.2.7", "no DNS name"],
    ["dns:a\0.example", "no DNS name"],
    ["dns:bücher.example", "no DNS name"],
    [`dns:${"a".repeat(64)}.example`, "no DNS name"],
    [`dns:${"a.".repeat(130)}example`, "no DNS name"],
    ["ip:192.0.2", "no IP address"],
    ["ip:192.0.2.7/24", "no IP address"],
    ["ip:fe80::1%eth0", "no IP address"],
    ["email:ada", "no mail address"],
    ["email:a da@example.org", "no mail address"],
    ["email:a@b@example.org", "no mail address"],
    ["uri:example", "no URI"],
    ["uri:https://example.org/a b", "no URI"],
    [`uri:https://example.org/${"a".repeat(2048)}`, "no URI"],
  ])("%j is refused", (text, reason) => {
    expect(() => canonicalName(text)).toThrow(PkiError);
    expect(() => canonicalName(text)).toThrow(reason);
  });
});
