import Long from "long";
import { expect, test } from "vitest";
import { Algorithm, type Key, KeyKind, KeyState, Transport } from "../../proto/mod.ts";
import { keyJson, keyTable, keyText, policyLines } from "./key_view.ts";

const at = Long.fromNumber(Date.parse("2026-11-21T10:00:00Z"));
const KEY: Key = {
  id: "release",
  kind: KeyKind.EC_P256,
  state: KeyState.ENABLED,
  revision: Long.fromNumber(7),
  policy: {
    algorithms: [Algorithm.ECDSA_P256_SHA256],
    identities: [],
    transports: [Transport.VSOCK, Transport.UNIX],
    not_before_ms: Long.ZERO,
    not_after_ms: at,
    signatures_per_second: 50,
  },
  labels: { stage: "production" },
  versions: [1, 2].map((version) => ({ version, public_key_der: new Uint8Array(), created_at_ms: at })),
  created_at_ms: at,
  delete_at_ms: Long.ZERO,
  imported: false,
};

test("JSON has names, numbers and times, and null where there is none", () => {
  const json = keyJson(KEY);
  expect(json).toMatchObject({
    kind: "EC_P256",
    state: "ENABLED",
    revision: 7,
    delete_at: null,
    policy: { transports: ["VSOCK", "UNIX"], not_before: null, not_after: "2026-11-21T10:00:00.000Z" },
    versions: [{ version: 1 }, { version: 2, created_at: "2026-11-21T10:00:00.000Z" }],
  });
  expect(json.versions[0]).not.toHaveProperty("public_key_der");
});

test("a table has a line a key, and says when a key is destroyed", () => {
  const going = { ...KEY, state: KeyState.PENDING_DELETION, delete_at_ms: at };
  const [head, first, second] = keyTable([KEY, going]).split("\n");
  expect(head).toMatch(/^ID +KIND +STATE/);
  expect(first).toMatch(/^release +EC_P256 +ENABLED +2 +7 +2026-11-21 +stage=production$/);
  expect(second).toContain("PENDING_DELETION 2026-11-21T10:00Z");
});

test("the newest version of an enabled key signs; of another one none does", () => {
  expect(keyText(KEY)).toMatch(/2 {2}made .*, signs$/);
  expect(keyText({ ...KEY, state: KeyState.DISABLED })).not.toContain("signs");
});

test("no rule, no line", () => {
  expect(policyLines(KEY.policy)).toHaveLength(4);
  expect(policyLines(undefined)).toEqual([]);
  expect(keyText({ ...KEY, policy: null })).toContain("no restriction");
});
