// Every method of a key x its state x its policy x who calls, over real sockets, with the real signer. What must come is
// said by key_rules.ts alone.
import { Buffer } from "node:buffer";
import { createPublicKey, verify } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { outcome } from "../../src/authority/authority_testkit.ts";
import { Prover } from "../../src/authority/prover.ts";
import type { Channel } from "../../src/grpc/channel.ts";
import { clientStream, unary } from "../../src/grpc/client.ts";
import {
  type ChangeKeyRequestInit,
  type CreateKeyRequestInit,
  EcdsaEncoding,
  type GetPublicKeyRequestInit,
  type Key,
  KeyKind,
  type ListKeysRequestInit,
  type ListKeysResponse,
  methodAt,
  type PublicKey,
  type ScheduleDeletionRequestInit,
  type SignBatchRequestInit,
  type SignBatchResponse,
  type SignRequestInit,
  type SignResponse,
  type SignStreamRequestInit,
  type VerifyRequestInit,
  type VerifyResponse,
} from "../../src/proto/mod.ts";
import { type Open, openAgent } from "./agent.ts";
import {
  ASKED,
  expected,
  KEPT_STATES,
  type KeyMethod,
  KIND,
  METHODS,
  POLICIES,
  type StateName,
  STATES,
  WHO,
  type Who,
} from "./key_rules.ts";
import { type RealSigner, startRealSigner } from "./real_signer.ts";

const place = vi.hoisted(() => ({ dir: "" }));
vi.mock("../../src/transport/listen.ts", async () => {
  const { listenWithVsock } = await import("./vsock_listener.ts");
  return await listenWithVsock(() => `${place.dir}/vsock.sock`);
});

const keys = <Q, R>(name: string) => methodAt<Q, R>(`/gatehouse.v1.Keys/${name}`);
const crypto_ = <Q, R>(name: string) => methodAt<Q, R>(`/gatehouse.v1.Crypto/${name}`);
const Create = keys<CreateKeyRequestInit, Key>("Create");
const Disable = keys<ChangeKeyRequestInit, Key>("Disable");
const Destroy = keys<ChangeKeyRequestInit, Key>("Destroy");
const ScheduleDeletion = keys<ScheduleDeletionRequestInit, Key>("ScheduleDeletion");
const List = keys<ListKeysRequestInit, ListKeysResponse>("List");
const Get = keys<{ id: string }, Key>("Get");
const GetPublicKey = keys<GetPublicKeyRequestInit, PublicKey>("GetPublicKey");
const Sign = crypto_<SignRequestInit, SignResponse>("Sign");
const SignBatch = crypto_<SignBatchRequestInit, SignBatchResponse>("SignBatch");
const SignStream = crypto_<SignStreamRequestInit, SignResponse>("SignStream");
const Verify = crypto_<VerifyRequestInit, VerifyResponse>("Verify");

const POLICY_NAMES = Object.keys(POLICIES);
const idOf = (state: StateName, policy: string) => `${state.toLowerCase()}-${policy}`;
const ALL = STATES.flatMap((state) => POLICY_NAMES.map((policy) => ({ state, policy })));
const DATA = new TextEncoder().encode("gatehouse");

let open: Open;
let real: RealSigner;
/** Public halves by id. */
const made = new Map<string, Uint8Array>();

beforeAll(async () => {
  place.dir = await Deno.makeTempDir({ prefix: "gatehouse-keys-" });
  real = await startRealSigner(place.dir);
  const { without } = WHO.find(({ certificate }) => certificate === "user")!;
  const userKeys = ALL.filter(({ policy }) => !without.includes(policy))
    .map(({ state, policy }) => idOf(state, policy));
  open = await openAgent(place.dir, { signer: real.signer, userKeys });
  for (const { state, policy } of ALL) if (state !== "absent") await make(state, policy);
}, 60_000);
afterAll(async () => {
  await open?.close();
  await real?.stop();
  await Deno.remove(place.dir, { recursive: true });
});

async function make(state: StateName, policy: string): Promise<void> {
  // A connection has so many proofs a second.
  const admin = new Prover(open.channel("unix"), open.owner.proving);
  const id = idOf(state, policy);
  const { versions } = await admin.unary(Create, { id, kind: KIND, policy: POLICIES[policy] });
  made.set(id, versions[0].public_key_der);
  if (state === "DISABLED" || state === "DESTROYED") await admin.unary(Disable, { id });
  if (state === "DESTROYED") await admin.unary(Destroy, { id });
  if (state === "PENDING_DELETION") await admin.unary(ScheduleDeletion, { id });
}

/** One connection for each caller. */
const channels = new Map<Who, Channel>();
function channelOf(who: Who): Channel {
  const channel = channels.get(who) ?? open.channel(who.door, who.certificate);
  channels.set(who, channel);
  return channel;
}

async function* streamed(start: SignRequestInit): AsyncGenerator<SignStreamRequestInit, void, void> {
  yield await Promise.resolve({ start });
  yield { data: DATA };
}

/** Whoever signed must have signed. */
function checked(id: string, { signature }: SignResponse): void {
  const key = createPublicKey({ key: Buffer.from(made.get(id)!), format: "der", type: "spki" });
  if (!verify("sha384", DATA, { key, dsaEncoding: "ieee-p1363" }, signature)) {
    throw new Error(`${id}: no signature`);
  }
}

async function call(method: KeyMethod, channel: Channel, id: string): Promise<void> {
  const how = { key: id, algorithm: ASKED, encoding: EcdsaEncoding.RAW };
  switch (method) {
    case "Sign":
      return checked(id, await unary(channel, Sign, { ...how, data: DATA }));
    case "SignStream":
      return checked(id, await clientStream(channel, SignStream, streamed(how)));
    case "Verify": {
      const { valid } = await unary(channel, Verify, {
        ...how,
        data: DATA,
        signature: new Uint8Array(96).fill(1),
      });
      if (valid) throw new Error("what nobody signed is valid");
      return;
    }
    case "Get":
      await unary(channel, Get, { id });
      return;
    case "GetPublicKey": {
      const { public_key } = await unary(channel, GetPublicKey, { id });
      expect(Buffer.compare(public_key, made.get(id)!)).toBe(0);
    }
  }
}

/** "OK" or status and reason, as key_rules.ts has it. */
async function told(method: KeyMethod, channel: Channel, id: string): Promise<string> {
  if (method === "SignBatch") {
    const item = { key: id, algorithm: ASKED, encoding: EcdsaEncoding.RAW, data: DATA };
    const { items: [{ signed, refused }] } = await unary(channel, SignBatch, { items: [item] });
    if (refused) return `${status[refused.code]} ${refused.reason}`;
    if (signed) checked(id, signed);
    return "OK";
  }
  if (method === "List") {
    let page_token = "";
    do {
      const page = await unary(channel, List, { page_token, page_size: 7, states: [...KEPT_STATES] });
      if (page.keys.some((key) => key.id === id)) return "OK";
      page_token = page.next_page_token;
    } while (page_token !== "");
    return "NOT_FOUND KEY_NOT_FOUND";
  }
  return await outcome(call(method, channel, id));
}

describe.each(WHO)("$identity by $door", (who) => {
  describe.each(METHODS)("%s", (method) => {
    test.each(ALL)("$state, policy $policy", async ({ state, policy }) => {
      const asked = { method, state, policy, who };
      expect(await told(method, channelOf(who), idOf(state, policy))).toBe(expected(asked));
    });
  });
});

test("a rate is over all callers, and says when to come again", async () => {
  const admin = new Prover(open.channel("unix"), open.owner.proving);
  await admin.unary(Create, { id: "slow", kind: KeyKind.EC_P256, policy: { signatures_per_second: 5 } });
  const item = { key: "slow", algorithm: 3, data: DATA };
  const items = Array.from({ length: 20 }, () => item);
  const { items: outcomes } = await unary(open.channel("vsock"), SignBatch, { items });
  const refused = outcomes.flatMap(({ refused }) => refused ? [refused] : []);
  expect(outcomes.length - refused.length).toBeGreaterThanOrEqual(5);
  expect(outcomes.length - refused.length).toBeLessThanOrEqual(6);
  for (const { code, reason, retry_after_ms } of refused) {
    expect([code, reason]).toEqual([status.RESOURCE_EXHAUSTED, "KEY_RATE"]);
    expect(retry_after_ms).toBeGreaterThan(0);
  }
});
