// Proofs over a real server: what a good one gives, and every way in which one isn't good.
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { Metadata } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Channel } from "../grpc/channel.ts";
import { unary } from "../grpc/client.ts";
import type { Peer } from "../grpc/conn.ts";
import {
  type ChallengeResponse,
  type ListAdminsResponse,
  methodAt,
  type ProofInit,
  Role,
  type WhoAmIResponse,
} from "../proto/mod.ts";
import { keyPair, outcome, startAuthority, type Started, TCP, UNIX, VSOCK } from "./authority_testkit.ts";
import { MAX_NONCES, NONCE_LIFETIME_MS, Nonces } from "./nonces.ts";
import { encodeProof, PROOF_METADATA, signedBytes } from "./proof.ts";
import { PROOF_BURST, ProofCheck } from "./proof_check.ts";
import { Prover, type ProvingKey } from "./prover.ts";
import { readPublicKey } from "./public_key.ts";

const LIST = "/gatehouse.v1.Admins/List";
const WHO = "/gatehouse.v1.Access/WhoAmI";
const list = methodAt<object, ListAdminsResponse>(LIST);
const who = methodAt<object, WhoAmIResponse>(WHO);
const challenge = methodAt<object, ChallengeResponse>("/gatehouse.v1.Access/Challenge");

let started: Started;
beforeAll(async () => {
  started = await startAuthority();
});
afterAll(() => started.stop());

interface Making {
  key?: ProvingKey;
  path?: string;
  request?: Uint8Array;
  instanceId?: string;
  nonce?: Uint8Array;
  change?: (proof: ProofInit) => void;
}

/** A proof for LIST with an empty request, unless told otherwise. */
async function proofFor(channel: Channel, making: Making = {}): Promise<Buffer> {
  const { key = started.owner.proving, path = LIST, request = new Uint8Array() } = making;
  const given = await unary(channel, challenge, {});
  const nonce = making.nonce ?? given.nonce;
  const digest = createHash("sha256").update(request).digest();
  const instanceId = making.instanceId ?? given.instance_id;
  const proof: ProofInit = {
    key_id: key.keyId,
    nonce,
    signature: key.sign(signedBytes({ instanceId, path, nonce, digest })),
  };
  making.change?.(proof);
  return Buffer.from(encodeProof(proof));
}

function metadataOf(...proofs: Buffer[]): Metadata {
  const metadata = new Metadata();
  for (const proof of proofs) metadata.add(PROOF_METADATA, proof);
  return metadata;
}

const listWith = (channel: Channel, ...proofs: Buffer[]) =>
  outcome(unary(channel, list, {}, { metadata: metadataOf(...proofs) }));

test.each<[string, Peer]>([["vsock:2", VSOCK], ["unix", UNIX]])(
  "over %s a proof makes an administrator of one call, and of no other",
  async (name, peer) => {
    const channel = started.channel(peer);
    const prover = new Prover(channel, started.owner.proving);
    expect((await prover.unary(list, {})).admins.map((admin) => admin.name)).toEqual(["owner"]);
    expect(await prover.unary(who, {})).toMatchObject({
      identity: "admin:owner",
      role: Role.ADMIN,
      keys: ["*"],
    });
    expect(await unary(channel, who, {})).toMatchObject({ identity: name, role: Role.USER });
    expect(await outcome(unary(channel, list, {}))).toBe("UNAUTHENTICATED PROOF_MISSING");
  },
);

test("an administrator whose changes wait while he is removed makes none of them", async () => {
  const add = methodAt("/gatehouse.v1.Admins/Add");
  const [mallory, others] = [keyPair(), Array.from({ length: 12 }, () => keyPair())];
  const owner = new Prover(started.channel(UNIX), started.owner.proving);
  await owner.unary(add, { name: "mallory", role: Role.ADMIN, public_key_der: mallory.spki });
  const [before, adding] = [started.events.length, new Prover(started.channel(VSOCK), mallory.proving)];
  const adds = others.map(({ spki }, index) =>
    outcome(adding.unary(add, { name: `back${index}`, role: Role.ADMIN, public_key_der: spki }))
  );
  // It takes a while on the disk, and what is proven until then waits behind it.
  const remove = started.authority.admins.remove("mallory", "admin:owner");
  const later = outcome(
    adding.unary(add, { name: "last", role: Role.ADMIN, public_key_der: keyPair().spki }),
  );
  await Promise.all([...adds, remove, later]);
  const told = started.events.slice(before).map(({ message }) => message);
  const removedAt = told.findIndex((message) => message.includes("mallory was removed"));
  expect(told.slice(removedAt + 1).filter((message) => message.includes("by admin:mallory"))).toEqual([]);
  expect(await Promise.all(adds)).toContain("UNAUTHENTICATED PROOF_INVALID");
  for (const { name } of started.authority.admins.list()) {
    if (name !== "owner") await started.authority.admins.remove(name, "admin:owner");
  }
});

test("a P-256 key proves as an Ed25519 key does, and an operator isn't an administrator", async () => {
  const clerk = keyPair("p256");
  const channel = started.channel(UNIX);
  const owner = new Prover(channel, started.owner.proving);
  const add = methodAt("/gatehouse.v1.Admins/Add");
  await owner.unary(add, { name: "clerk", role: Role.OPERATOR, public_key_der: clerk.spki });
  const prover = new Prover(channel, clerk.proving);
  expect(await prover.unary(who, {})).toMatchObject({ identity: "operator:clerk", role: Role.OPERATOR });
  expect(await outcome(prover.unary(list, {}))).toBe("PERMISSION_DENIED ROLE_TOO_LOW");
  const { admins } = await owner.unary(list, {});
  expect(admins[1]).toMatchObject({ name: "clerk", role: Role.OPERATOR, added_by: "admin:owner" });
  await owner.unary(methodAt("/gatehouse.v1.Admins/Remove"), { name: "clerk" });
  expect(await outcome(prover.unary(who, {}))).toBe("UNAUTHENTICATED PROOF_INVALID");
});

test("a proof is good once", async () => {
  const channel = started.channel(UNIX);
  const proof = await proofFor(channel);
  expect(await listWith(channel, proof)).toBe("OK");
  expect(await listWith(channel, proof)).toBe("UNAUTHENTICATED NONCE_UNKNOWN");
});

test("of two calls at once with one proof, one is let in", async () => {
  const channel = started.channel(UNIX);
  const proof = await proofFor(channel);
  const outcomes = await Promise.all([listWith(channel, proof), listWith(channel, proof)]);
  expect(outcomes.sort()).toEqual(["OK", "UNAUTHENTICATED NONCE_UNKNOWN"]);
});

test("a proof of one connection is worth nothing on another", async () => {
  const proof = await proofFor(started.channel(UNIX));
  expect(await listWith(started.channel(UNIX), proof)).toBe("UNAUTHENTICATED NONCE_UNKNOWN");
});

test("a proof is good for its lifetime and no longer", async () => {
  const channel = started.channel(UNIX);
  const [first, second] = [await proofFor(channel), await proofFor(channel)];
  started.timers.advance(NONCE_LIFETIME_MS - 1);
  expect(await listWith(channel, first)).toBe("OK");
  started.timers.advance(1);
  expect(await listWith(channel, second)).toBe("UNAUTHENTICATED NONCE_UNKNOWN");
});

test.each<[string, Making]>([
  ["of another method", { path: WHO }],
  ["of another request", { request: Uint8Array.of(10, 1, 97) }],
  ["of another appliance", { instanceId: "instance-2" }],
  ["by a key that isn't enrolled", { key: keyPair().proving }],
  ["under an enrolled key's id, signed by another", {
    change: (proof) => proof.signature = keyPair().proving.sign(new Uint8Array(200)),
  }],
  ["with a changed signature", { change: ({ signature }) => void (signature![63] ^= 1) }],
  ["with a short signature", { change: (proof) => proof.signature = proof.signature!.subarray(1) }],
  ["without a key id", { change: (proof) => proof.key_id = new Uint8Array() }],
])("a proof %s is refused, and its nonce is used up", async (_name, making) => {
  const channel = started.channel(UNIX);
  const { nonce } = await unary(channel, challenge, {});
  const forged = await proofFor(channel, { ...making, nonce });
  expect(await listWith(channel, forged)).toBe("UNAUTHENTICATED PROOF_INVALID");
  const good = await proofFor(channel, { nonce });
  const malformed = making.change !== undefined && forged.length !== good.length;
  // What is no proof names no nonce.
  expect(await listWith(channel, good)).toBe(malformed ? "OK" : "UNAUTHENTICATED NONCE_UNKNOWN");
});

test("two proofs, or a text that is none, are refused", async () => {
  const channel = started.channel(UNIX);
  const [one, two] = [await proofFor(channel), await proofFor(channel)];
  expect(await listWith(channel, one, two)).toBe("UNAUTHENTICATED PROOF_INVALID");
  expect(await listWith(channel, Buffer.from("hello"))).toBe("UNAUTHENTICATED PROOF_INVALID");
  expect(await listWith(channel, Buffer.alloc(1_000, 7))).toBe("UNAUTHENTICATED PROOF_INVALID");
});

test("a bad proof is refused also where none is needed", async () => {
  const channel = started.channel(UNIX);
  const metadata = metadataOf(await proofFor(channel, { path: LIST }));
  expect(await outcome(unary(channel, who, {}, { metadata }))).toBe("UNAUTHENTICATED PROOF_INVALID");
});

test("over TCP no proof is taken, good or bad", async () => {
  const channel = started.channel(TCP);
  const metadata = metadataOf(await proofFor(channel, { path: WHO }));
  expect(await outcome(unary(channel, who, {}, { metadata }))).toBe("PERMISSION_DENIED PROOF_OVER_TCP");
  expect(await listWith(channel, await proofFor(channel))).toBe("PERMISSION_DENIED TRANSPORT_NEVER");
});

test("a connection holds so many nonces and no more, and has room again when they are too old", async () => {
  const channel = started.channel(UNIX);
  const ask = () => outcome(unary(channel, challenge, {}));
  for (let i = 0; i < MAX_NONCES; i++) expect(await ask()).toBe("OK");
  expect(await ask()).toBe("RESOURCE_EXHAUSTED TOO_MANY_NONCES");
  started.timers.advance(NONCE_LIFETIME_MS);
  expect(await ask()).toBe("OK");
});

test("a connection has so many signatures checked at once, good or bad, and others aren't held up", async () => {
  const channel = started.channel(UNIX);
  const other = started.channel(UNIX);
  const seen = new Set<string>();
  for (let i = 0; i <= PROOF_BURST; i++) {
    seen.add(await listWith(channel, await proofFor(channel, { path: WHO })));
  }
  expect([...seen]).toEqual(["UNAUTHENTICATED PROOF_INVALID", "RESOURCE_EXHAUSTED TOO_MANY_PROOFS"]);
  expect(await listWith(other, await proofFor(other))).toBe("OK");
  started.timers.advance(1_000);
  expect(await listWith(channel, await proofFor(channel))).toBe("OK");
});

test("neither the moment nor the allowance of a refusal shows whether a key is enrolled", async () => {
  for (const proving of [started.owner.proving, keyPair().proving]) {
    const channel = started.channel(UNIX);
    // A signature of something else, under the key's id.
    const bad = () => proofFor(channel, { key: { keyId: proving.keyId, sign: () => new Uint8Array(64) } });
    const seen: string[] = [];
    for (let i = 0; i <= PROOF_BURST; i++) seen.push(await listWith(channel, await bad()));
    expect(seen.slice(0, PROOF_BURST)).toEqual(Array(PROOF_BURST).fill("UNAUTHENTICATED PROOF_INVALID"));
    expect(seen[PROOF_BURST]).toBe("RESOURCE_EXHAUSTED TOO_MANY_PROOFS");
    started.timers.advance(NONCE_LIFETIME_MS);
  }
  const keys = { damaged: false, find: () => undefined };
  const nonces = new Nonces(started.timers);
  const check = new ProofCheck("instance-1", keys, nonces, started.timers);
  const nonce = nonces.make(UNIX) ?? expect.unreachable();
  const bytes = Buffer.from(
    encodeProof({ key_id: new Uint8Array(32), nonce, signature: new Uint8Array(64) }),
  );
  // Nor does it come at the headers, while that of an enrolled key waits for the request.
  expect(check.refusedEarly(UNIX, bytes)).toBeUndefined();
  expect(await check.verify({ peer: UNIX, path: LIST, request: new Uint8Array() }, bytes)).toBe(
    "PROOF_INVALID",
  );
});

test("a prover whose connection went between challenge and call tries once more", async () => {
  let asked = 0;
  const channel = started.channel(UNIX);
  const key: ProvingKey = {
    keyId: started.owner.proving.keyId,
    sign(data) {
      // The first time it signs over the nonce as if it were another connection's.
      if (++asked === 1) started.timers.advance(NONCE_LIFETIME_MS);
      return started.owner.proving.sign(data);
    },
  };
  expect((await new Prover(channel, key).unary(list, {})).admins.length).toBe(1);
  expect(asked).toBe(2);
});

test("while the list of administrators is damaged no proof is taken, and use goes on", async () => {
  const channel = started.channel(UNIX);
  const proof = await proofFor(channel);
  started.authority.admins.damaged = true;
  try {
    expect(await listWith(channel, proof)).toBe("FAILED_PRECONDITION ADMINS_DAMAGED");
    expect(await outcome(unary(channel, who, {}))).toBe("OK");
  } finally {
    started.authority.admins.damaged = false;
  }
});

test("a key that is removed while its signature is checked proves nothing any more", async () => {
  const key = await readPublicKey(started.owner.spki);
  let removed = false;
  const verifies: typeof key.verifies = (signature, data) => {
    removed = true;
    return key.verifies(signature, data);
  };
  const enrolled = { name: "owner", role: Role.ADMIN, key: { ...key, verifies } };
  const nonces = new Nonces(started.timers);
  const keys = { damaged: false, find: () => removed ? undefined : enrolled };
  const check = new ProofCheck("instance-1", keys, nonces, started.timers);
  const nonce = nonces.make(UNIX) ?? expect.unreachable();
  const digest = createHash("sha256").digest();
  const signature = started.owner.proving.sign(
    signedBytes({ instanceId: "instance-1", path: LIST, nonce, digest }),
  );
  const bytes = Buffer.from(encodeProof({ key_id: key.keyId, nonce, signature }));
  const outcome = await check.verify({ peer: UNIX, path: LIST, request: new Uint8Array() }, bytes);
  expect([outcome, removed]).toEqual(["PROOF_INVALID", true]);
});
