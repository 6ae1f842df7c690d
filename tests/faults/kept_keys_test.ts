// That what was lost would be found: keys in memory whose signer forgets or does things by halves.
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { status } from "@grpc/grpc-js";
import Long from "long";
import { beforeEach, expect, test } from "vitest";
import { type Key, KeyKind, KeyState } from "../../src/proto/mod.ts";
import { SignerError } from "../../src/signer/signer.ts";
import { changeUntilKilled, type KeyDoor, Lane, Lost } from "./kept_keys.ts";

/** Always the same. */
function sequence(): () => number {
  let at = 0;
  return () => (at = (at * 5 + 3) % 16) / 16;
}

const pairOf = (kind: number) =>
  kind === KeyKind.EC_P256
    ? generateKeyPairSync("ec", { namedCurve: "P-256" })
    : generateKeyPairSync("ed25519");

class Memory implements KeyDoor {
  keys = new Map<string, Key & { privates: KeyObject[] }>();
  gone = false;
  /** Done, but never answered. */
  silent = false;

  change: KeyDoor["change"] = (name, { id, kind = KeyKind.EC_P256 }) => {
    if (this.gone) return Promise.reject(new SignerError(status.UNAVAILABLE, "gone"));
    const key = this.keys.get(id) ??
      {
        ...{ id, kind, state: KeyState.ENABLED, revision: Long.ZERO, labels: {}, versions: [], privates: [] },
        ...{ created_at_ms: Long.ZERO, delete_at_ms: Long.ZERO, imported: false },
      };
    key.revision = key.revision.add(1);
    if (name === "Create" || name === "Rotate") {
      const pair = pairOf(key.kind);
      const public_key_der = pair.publicKey.export({ type: "spki", format: "der" });
      key.versions.push({ version: key.versions.length + 1, public_key_der, created_at_ms: Long.ZERO });
      key.privates.push(pair.privateKey);
    }
    if (name === "Disable") key.state = KeyState.DISABLED;
    if (name === "Enable") key.state = KeyState.ENABLED;
    if (name === "Destroy") key.state = KeyState.DESTROYED;
    this.keys.set(id, key);
    return this.silent ? Promise.reject(new SignerError(status.UNAVAILABLE, "gone")) : Promise.resolve(key);
  };
  get: KeyDoor["get"] = (id) => {
    const key = this.keys.get(id);
    return key ? Promise.resolve(key) : Promise.reject(new SignerError(status.NOT_FOUND, id));
  };
  list: KeyDoor["list"] = (prefix) =>
    Promise.resolve([...this.keys.keys()].filter((id) => id.startsWith(prefix)));
  sign: KeyDoor["sign"] = (id, _algorithm, data) => {
    const key = this.keys.get(id)!;
    if (key.state !== KeyState.ENABLED) {
      return Promise.reject(new SignerError(status.FAILED_PRECONDITION, "state"));
    }
    const last = key.privates[key.privates.length - 1];
    return Promise.resolve(sign(key.kind === KeyKind.EC_P256 ? "sha256" : null, data, last));
  };
  /** A key that signs. */
  get enabled() {
    return [...this.keys.values()].find(({ state }) => state === KeyState.ENABLED)!;
  }
}

let door: Memory;
let lane: Lane;
beforeEach(async () => {
  door = new Memory();
  lane = new Lane("a-", sequence());
  for (let change = 0; change < 20; change++) await lane.change(door);
});

test("keys that are all there are in order, before and after they went through JSON", async () => {
  await lane.check(door);
  const again = Lane.from(JSON.parse(JSON.stringify(lane)), sequence());
  await again.check(door);
  expect([again.acknowledged, again.keys]).toEqual([20, lane.keys]);
});

test("a change whose answer never came may be there whole", async () => {
  door.silent = true;
  await expect(lane.change(door)).rejects.toThrow("gone");
  await lane.check(door);
  expect(lane.unanswered).toBe(1);
});

test("... also for a run that was stopped before it looked", async () => {
  door.silent = true;
  await expect(lane.change(door)).rejects.toThrow("gone");
  const again = Lane.from(JSON.parse(JSON.stringify(lane)), sequence());
  await again.check(door);
  expect(again.unanswered).toBe(1);
});

test("... or not at all", async () => {
  door.gone = true;
  await expect(lane.change(door)).rejects.toThrow("gone");
  await lane.check(door);
  expect(lane.unanswered).toBe(0);
});

test.each<[string, (memory: Memory) => void]>([
  ["a key is gone", ({ keys, enabled }) => keys.delete(enabled.id)],
  ["a key came from nowhere", ({ keys, enabled }) => keys.set("a-other", enabled)],
  ["a version is gone", ({ enabled }) => enabled.versions.pop()],
  ["a state is the one before", ({ enabled }) => enabled.state = KeyState.DISABLED],
  ["a change was done once more", ({ enabled }) => enabled.revision = enabled.revision.add(1)],
  [
    "the private half is another's",
    ({ enabled }) => enabled.privates.push(pairOf(enabled.kind).privateKey),
  ],
])("that %s is found", async (_, damage) => {
  damage(door);
  await expect(lane.check(door)).rejects.toThrow(Lost);
});

test("a failure before the kill is no kill", async () => {
  door.gone = true;
  await expect(changeUntilKilled([lane], [door], 10, () => Promise.resolve())).rejects.toThrow("gone");
});
