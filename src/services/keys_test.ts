// gatehouse.v1.Keys with a signer that holds what the test says: who sees what, and who is told of changes.
import { status } from "@grpc/grpc-js";
import Long from "long";
import { afterEach, beforeEach, expect, test } from "vitest";
import { outcome } from "../authority/authority_testkit.ts";
import { Prover } from "../authority/prover.ts";
import { GrpcError, unary } from "../grpc/client.ts";
import {
  type CreateKeyRequestInit,
  EventKind,
  type GetPublicKeyRequestInit,
  type Key,
  KeyKind,
  KeyState,
  type ListKeysRequestInit,
  type ListKeysResponse,
  methodAt,
  type PublicKey,
  type SignerListKeysRequestInit,
} from "../proto/mod.ts";
import { SIGNER } from "../signer/methods.ts";
import { SignerError } from "../signer/signer.ts";
import { type KeyedServices, startKeyedServices, TLS_NAME } from "./keyed_testkit.ts";

const at = <Q, R>(name: string) => methodAt<Q, R>(`/gatehouse.v1.Keys/${name}`);
const List = at<ListKeysRequestInit, ListKeysResponse>("List");
const Get = at<{ id: string }, Key>("Get");
const GetPublicKey = at<GetPublicKeyRequestInit, PublicKey>("GetPublicKey");

function key(id: string, identities: string[] = []): Key {
  const version = (version: number) => ({
    version,
    public_key_der: Uint8Array.of(version),
    created_at_ms: Long.ZERO,
  });
  return {
    id,
    kind: KeyKind.EC_P256,
    state: KeyState.ENABLED,
    revision: Long.UONE,
    policy: {
      algorithms: [],
      identities,
      transports: [],
      not_before_ms: Long.ZERO,
      not_after_ms: Long.ZERO,
      signatures_per_second: 0,
    },
    labels: {},
    versions: [version(1), version(2)],
    created_at_ms: Long.ZERO,
    delete_at_ms: Long.ZERO,
    imported: false,
  };
}

/** "mine" names this caller and another, "theirs" only another. */
const KEYS = [
  key("free"),
  key("mine", [TLS_NAME, "dns:other.example"]),
  key("theirs", ["dns:other.example"]),
];

let started: KeyedServices;
let lists: SignerListKeysRequestInit[];
let asked: string[];
beforeEach(async () => {
  lists = [];
  asked = [];
  started = await startKeyedServices({
    unary(method, request) {
      asked.push(method.path.split("/")[2]);
      return answer(method.path, request as { id: string } & SignerListKeysRequestInit) as Promise<never>;
    },
  });
});
afterEach(() => started.stop());

function answer(path: string, request: { id: string } & SignerListKeysRequestInit): Promise<unknown> {
  if (path === SIGNER.listKeys.path) {
    lists.push(request);
    const keys = KEYS.filter(({ id }) => !request.ids?.length || request.ids.includes(id));
    return Promise.resolve({ keys, next_page_token: request.list?.page_token ? "" : "theirs" });
  }
  if (path !== SIGNER.getKey.path) return Promise.resolve(key(request.id ?? "made"));
  const found = KEYS.find(({ id }) => id === request.id);
  return found
    ? Promise.resolve(found)
    : Promise.reject(new SignerError(status.NOT_FOUND, "the signer's own words", "KEY_NOT_FOUND"));
}

const idsOf = ({ keys }: ListKeysResponse) => keys.map(({ id }) => id);

test("a list has what the caller may see: by [access], by the keys' policies, everything for operators", async () => {
  expect(idsOf(await unary(started.byTls(["*"]), List, {}))).toEqual(["free", "mine"]);
  expect(idsOf(await unary(started.byTls(["mine", "theirs", "absent"]), List, {}))).toEqual(["mine"]);
  expect(idsOf(await unary(started.byTls([]), List, {}))).toEqual([]);
  expect(idsOf(await unary(started.byTls([], "operator"), List, {}))).toEqual(["free", "mine", "theirs"]);
  const admin = new Prover(started.byUnix(), started.owner.proving);
  expect(idsOf(await admin.unary(List, {}))).toEqual(["free", "mine", "theirs"]);
  // Whoever has no key isn't given all because the signer was asked for none.
  expect(lists.map(({ ids }) => ids)).toEqual([[], ["mine", "theirs", "absent"], [], []]);
  // What policies hide is left out before pages are cut.
  expect(lists.map(({ seen_by }) => seen_by)).toEqual([TLS_NAME, TLS_NAME, "", ""]);
});

test("a page token names no key, goes back as the signer gave it, and is nobody else's to make", async () => {
  const channel = started.byTls(["*"]);
  const { next_page_token } = await unary(channel, List, {});
  expect(next_page_token).not.toContain("theirs");
  expect(atob(next_page_token.replaceAll("-", "+").replaceAll("_", "/"))).not.toContain("theirs");
  await unary(channel, List, { page_token: next_page_token });
  expect(lists[1].list?.page_token).toBe("theirs");
  const forged = `${next_page_token.slice(0, -2)}AA`;
  for (const page_token of ["theirs", forged, "x".repeat(5_000)]) {
    expect(await outcome(unary(channel, List, { page_token }))).toMatch(/^INVALID_ARGUMENT/);
  }
});

test("a key that may not be seen is refused like one that isn't there, in the same bytes", async () => {
  const told: unknown[] = [];
  const calls: [string[], string][] = [[["*"], "theirs"], [["*"], "absent"], [["free"], "mine"], [
    ["free"],
    "absent",
  ]];
  for (const [keys, id] of calls) {
    for (
      const call of [
        unary(started.byTls(keys), Get, { id }),
        unary(started.byTls(keys), GetPublicKey, { id }),
      ]
    ) {
      const error = await call.catch((error: unknown) => error);
      if (!(error instanceof GrpcError)) throw error;
      told.push([error.code, error.details, error.metadata.toJSON()["grpc-status-details-bin"]]);
    }
  }
  expect(told).toHaveLength(8);
  for (const one of told) expect(one).toEqual(told[0]);
  expect((told[0] as [number])[0]).toBe(status.NOT_FOUND);
  // What [access] keeps from the caller the signer isn't asked for: its time would tell.
  expect(asked).toHaveLength(4);
});

test("who else may use a key is shown to operators, and to a user only himself", async () => {
  const shown = async (channel: ReturnType<typeof started.byUnix>) =>
    (await unary(channel, Get, { id: "mine" })).policy?.identities;
  expect(await shown(started.byTls(["*"]))).toEqual([TLS_NAME]);
  expect(await shown(started.byTls(["*"], "operator"))).toEqual([TLS_NAME, "dns:other.example"]);
});

test("the public half is that of the version, or of the newest", async () => {
  const channel = started.byUnix();
  const of = async (version: number) => {
    const { public_key, version: given } = await unary(channel, GetPublicKey, { id: "free", version });
    return [given, ...public_key];
  };
  expect(await of(0)).toEqual([2, 2]);
  expect(await of(1)).toEqual([1, 1]);
  const absent = unary(channel, GetPublicKey, { id: "free", version: 3 });
  expect(await outcome(absent)).toBe("NOT_FOUND VERSION_NOT_FOUND");
  expect(await outcome(unary(channel, GetPublicKey, { id: "free", format: 7 }))).toMatch(/^INVALID_ARGUMENT/);
});

test("changes are told with who made them, and labels are nobody's alarm", async () => {
  const admin = new Prover(started.byUnix(), started.owner.proving);
  const change = at<CreateKeyRequestInit, Key>;
  const names = ["Create", "Import", "Rotate", "Enable", "Disable", "ScheduleDeletion", "CancelDeletion"];
  for (const name of [...names, "Destroy", "SetPolicy", "SetLabels"]) {
    await admin.unary(change(name), { id: "a" });
  }
  const { KEY_CREATED, KEY_ROTATED, KEY_STATE_CHANGED, KEY_DESTROYED, KEY_POLICY_CHANGED } = EventKind;
  expect(started.events).toEqual([
    [KEY_CREATED, "made"],
    [KEY_CREATED, "imported"],
    [KEY_ROTATED, "rotated"],
    [KEY_STATE_CHANGED, "enabled"],
    [KEY_STATE_CHANGED, "disabled"],
    [KEY_STATE_CHANGED, "scheduled the deletion of"],
    [KEY_STATE_CHANGED, "cancelled the deletion of"],
    [KEY_DESTROYED, "destroyed"],
    [KEY_POLICY_CHANGED, "changed the policy of"],
  ].map(([kind, did]) => ({ kind, message: `admin:owner ${did} the key a` })));
});
