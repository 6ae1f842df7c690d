import { expect, test } from "vitest";
import { Algorithm, KeyKind, KeyState, Transport } from "../proto/mod.ts";
import {
  algorithmName,
  KIND_NAMES,
  kindName,
  parseAnyAlgorithm,
  parseKind,
  parseState,
  parseTransport,
  usualAlgorithm,
} from "./words.ts";

test("names are taken in any case, with either hyphen, and in short", () => {
  for (const text of ["EC_P256", "ec-p256", "p256", "P-256"]) expect(parseKind(text)).toBe(KeyKind.EC_P256);
  expect(parseKind("rsa4096")).toBe(KeyKind.RSA_4096);
  expect(parseAnyAlgorithm("rsa-pss-sha512")).toBe(Algorithm.RSA_PSS_SHA512);
  expect(parseAnyAlgorithm("ed25519")).toBe(Algorithm.EDDSA_ED25519);
  expect(parseState("pending-deletion")).toBe(KeyState.PENDING_DELETION);
  expect(parseTransport("tcp-tls")).toBe(Transport.TCP_TLS);
});

test("what is none is refused with what there is", () => {
  for (const text of ["", "dsa", "KEY_KIND_UNSPECIFIED", "constructor", "__proto__"]) {
    expect(() => parseKind(text)).toThrow(
      expect.objectContaining({ next: expect.stringContaining("ED25519") }),
    );
  }
});

test("every kind has a usual algorithm, of its own family", () => {
  for (const name of KIND_NAMES) {
    const family = name.startsWith("EC_") ? name.replace("EC_", "ECDSA_") : name.split("_")[0];
    expect(algorithmName(usualAlgorithm(parseKind(name)))).toContain(family);
  }
  expect(() => usualAlgorithm(99)).toThrow(/99/);
});

test("a number of a later release is shown as such", () => expect(kindName(99)).toBe("unknown (99)"));
