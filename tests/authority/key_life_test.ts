// The life of keys over real sockets with the real signer: made, imported, rotated, changed twice and by two, and gone.
import { Buffer } from "node:buffer";
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { outcome } from "../../src/authority/authority_testkit.ts";
import { Prover } from "../../src/authority/prover.ts";
import type { Channel } from "../../src/grpc/channel.ts";
import { clientStream, unary } from "../../src/grpc/client.ts";
import {
  Algorithm,
  type ChangeKeyRequestInit,
  type CreateKeyRequestInit,
  EcdsaEncoding,
  type GetPublicKeyRequestInit,
  type ImportKeyRequestInit,
  type Key,
  KeyKind,
  KeyState,
  type ListKeysRequestInit,
  type ListKeysResponse,
  methodAt,
  type PublicKey,
  PublicKeyFormat,
  type RandomResponse,
  type RotateKeyRequestInit,
  type SetLabelsRequestInit,
  type SignRequestInit,
  type SignResponse,
  type SignStreamRequestInit,
  type VerifyRequestInit,
  type VerifyResponse,
} from "../../src/proto/mod.ts";
import { type Open, openAgent } from "./agent.ts";
import { type RealSigner, startRealSigner } from "./real_signer.ts";

const place = vi.hoisted(() => ({ dir: "" }));
vi.mock("../../src/transport/listen.ts", async () => {
  const { listenWithVsock } = await import("./vsock_listener.ts");
  return await listenWithVsock(() => `${place.dir}/vsock.sock`);
});

const keys = <Q, R>(name: string) => methodAt<Q, R>(`/gatehouse.v1.Keys/${name}`);
const signing = <Q, R>(name: string) => methodAt<Q, R>(`/gatehouse.v1.Crypto/${name}`);
const Create = keys<CreateKeyRequestInit, Key>("Create");
const Import = keys<ImportKeyRequestInit, Key>("Import");
const Rotate = keys<RotateKeyRequestInit, Key>("Rotate");
const Disable = keys<ChangeKeyRequestInit, Key>("Disable");
const Destroy = keys<ChangeKeyRequestInit, Key>("Destroy");
const SetLabels = keys<SetLabelsRequestInit, Key>("SetLabels");
const List = keys<ListKeysRequestInit, ListKeysResponse>("List");
const GetPublicKey = keys<GetPublicKeyRequestInit, PublicKey>("GetPublicKey");
const Sign = signing<SignRequestInit, SignResponse>("Sign");
const SignStream = signing<SignStreamRequestInit, SignResponse>("SignStream");
const Verify = signing<VerifyRequestInit, VerifyResponse>("Verify");
const Random = signing<{ bytes: number }, RandomResponse>("Random");

const DATA = new TextEncoder().encode("gatehouse");

let open: Open;
let real: RealSigner;
let channel: Channel;
beforeAll(async () => {
  place.dir = await Deno.makeTempDir({ prefix: "gatehouse-life-" });
  real = await startRealSigner(place.dir);
  open = await openAgent(place.dir, { signer: real.signer });
  channel = open.channel("unix");
}, 60_000);
afterAll(async () => {
  await open?.close();
  await real?.stop();
  await Deno.remove(place.dir, { recursive: true });
});

/** A connection of its own: each has so many proofs a second. */
const admin = () => new Prover(open.channel("unix"), open.owner.proving);

async function publicHalf(id: string, version = 0): Promise<KeyObject> {
  const request = { id, version, format: PublicKeyFormat.SPKI_PEM };
  return createPublicKey(Buffer.from((await unary(channel, GetPublicKey, request)).public_key));
}

const P256 = { algorithm: Algorithm.ECDSA_P256_SHA256 };

test("after a rotation the new version signs, and the old one verifies and is fetched", async () => {
  await admin().unary(Create, { id: "release", kind: KeyKind.EC_P256 });
  const old = await unary(channel, Sign, { key: "release", ...P256, data: DATA });
  const { versions } = await admin().unary(Rotate, { id: "release" });
  expect(versions.map(({ version }) => version)).toEqual([1, 2]);
  const recent = await unary(channel, Sign, { key: "release", ...P256, data: DATA });
  expect([old.version, recent.version]).toEqual([1, 2]);
  expect(verify("sha256", DATA, await publicHalf("release", 1), old.signature)).toBe(true);
  expect(verify("sha256", DATA, await publicHalf("release"), recent.signature)).toBe(true);
  const given = { key: "release", ...P256, data: DATA, signature: old.signature };
  expect(await unary(channel, Verify, given)).toMatchObject({ valid: true, version: 1 });
  expect(await unary(channel, Verify, { ...given, version: 2 })).toMatchObject({ valid: false, version: 0 });
  const asked = unary(channel, Sign, { key: "release", ...P256, data: DATA, version: 1 });
  expect(await outcome(asked)).toBe("FAILED_PRECONDITION VERSION_NOT_CURRENT");
});

test("an imported key signs as it did elsewhere, by data and by digest", async () => {
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pkcs8_der = pair.privateKey.export({ type: "pkcs8", format: "der" });
  expect(await admin().unary(Import, { id: "imported", pkcs8_der })).toMatchObject({ imported: true });
  const own = { key: pair.publicKey, dsaEncoding: "ieee-p1363" } as const;
  const how = { key: "imported", ...P256, encoding: EcdsaEncoding.RAW };
  const byData = await unary(channel, Sign, { ...how, data: DATA });
  const digest = createHash("sha256").update(DATA).digest();
  const byDigest = await unary(channel, Sign, { ...how, digest });
  for (const { signature } of [byData, byDigest]) expect(verify("sha256", DATA, own, signature)).toBe(true);
  const signature = sign("sha256", DATA, { key: pair.privateKey, dsaEncoding: "ieee-p1363" });
  expect((await unary(channel, Verify, { ...how, data: DATA, signature })).valid).toBe(true);
});

test("large data is signed in parts, in one signature", async () => {
  await admin().unary(Create, { id: "large", kind: KeyKind.RSA_2048 });
  const part = crypto.getRandomValues(new Uint8Array(60_000));
  const hash = createHash("sha512");
  const parts = async function* (): AsyncGenerator<SignStreamRequestInit, void, void> {
    yield await Promise.resolve({
      start: { key: "large", algorithm: Algorithm.RSA_PKCS1_SHA512, timings: true },
    });
    for (let count = 0; count < 200; count++) {
      hash.update(part);
      yield { data: part };
    }
  };
  const { signature, timings } = await clientStream(channel, SignStream, parts());
  expect(timings?.total_us).toBeGreaterThan(0);
  const request = { key: "large", algorithm: Algorithm.RSA_PKCS1_SHA512, digest: hash.digest(), signature };
  expect((await unary(channel, Verify, request)).valid).toBe(true);
}, 30_000);

test("a change that is sent again is done once, and one that is based on another is ABORTED", async () => {
  const request = { request_id: "once", id: "changed", kind: KeyKind.ED25519 };
  const first = await admin().unary(Create, request);
  expect(await admin().unary(Create, request)).toEqual(first);
  expect(await outcome(admin().unary(Create, { ...request, request_id: "twice" }))).toMatch(
    /^ALREADY_EXISTS/,
  );
  const expected_revision = first.revision;
  await admin().unary(SetLabels, { id: "changed", expected_revision, labels: { team: "a" } });
  const stale = admin().unary(Disable, { id: "changed", expected_revision });
  expect(await outcome(stale)).toMatch(/^ABORTED/);
  const { keys } = await unary(channel, List, { labels: { team: "a" } });
  expect(keys.map(({ id, labels }) => [id, labels])).toEqual([["changed", { team: "a" }]]);
});

test("a destroyed key is gone from lists, signs nothing, and verifies", async () => {
  await admin().unary(Create, { id: "gone", kind: KeyKind.EC_P256 });
  const { signature } = await unary(channel, Sign, { key: "gone", ...P256, data: DATA });
  expect(await outcome(admin().unary(Destroy, { id: "gone" }))).toMatch(/^FAILED_PRECONDITION/);
  await admin().unary(Disable, { id: "gone" });
  expect(await admin().unary(Destroy, { id: "gone" })).toMatchObject({ state: KeyState.DESTROYED });
  const ids = (await unary(channel, List, {})).keys.map(({ id }) => id);
  expect(ids).not.toContain("gone");
  expect((await unary(channel, Verify, { key: "gone", ...P256, data: DATA, signature })).valid).toBe(true);
});

test("random bytes are as many as asked for, and others each time", async () => {
  const take = async () => Buffer.from((await unary(channel, Random, { bytes: 32 })).data).toString("hex");
  const taken = await Promise.all(Array.from({ length: 10 }, take));
  expect(new Set(taken).size).toBe(10);
  expect(new Set(taken.map((hex) => hex.length))).toEqual(new Set([64]));
});
