// Proofs and keys over real sockets of a real agent: what was seen on one connection is worth nothing on another.
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { Metadata } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { encodeProof, PROOF_METADATA, signedBytes } from "../../src/authority/proof.ts";
import { Prover } from "../../src/authority/prover.ts";
import { keyPair, outcome } from "../../src/authority/authority_testkit.ts";
import type { Door } from "../../src/authority/table.ts";
import type { Channel } from "../../src/grpc/channel.ts";
import { unary } from "../../src/grpc/client.ts";
import {
  type ChallengeResponse,
  type CryptoSignRequestInit,
  type CryptoSignResponse,
  type ListAdminsResponse,
  methodAt,
  Role,
} from "../../src/proto/mod.ts";
import { type Certificate, type Open, openAgent } from "./agent.ts";

const place = vi.hoisted(() => ({ dir: "" }));
vi.mock("../../src/transport/listen.ts", async () => {
  const { listenWithVsock } = await import("./vsock_listener.ts");
  return await listenWithVsock(() => `${place.dir}/vsock.sock`);
});

const LIST = "/gatehouse.v1.Admins/List";
const list = methodAt<object, ListAdminsResponse>(LIST);
const challenge = methodAt<object, ChallengeResponse>("/gatehouse.v1.Access/Challenge");

let open: Open;
beforeAll(async () => {
  place.dir = await Deno.makeTempDir({ prefix: "gatehouse-proofs-" });
  open = await openAgent(place.dir);
}, 30_000);
afterAll(async () => {
  await open.close();
  await Deno.remove(place.dir, { recursive: true });
});

/** The owner's proof for one call of LIST, or for what is told. */
async function proof(channel: Channel, path = LIST, request = new Uint8Array()): Promise<Metadata> {
  const { nonce, instance_id } = await unary(channel, challenge, {});
  const digest = createHash("sha256").update(request).digest();
  const { keyId, sign } = open.owner.proving;
  const signature = sign(signedBytes({ instanceId: instance_id, path, nonce, digest }));
  const metadata = new Metadata();
  metadata.set(PROOF_METADATA, Buffer.from(encodeProof({ key_id: keyId, nonce, signature })));
  return metadata;
}

const listWith = (channel: Channel, metadata: Metadata) => outcome(unary(channel, list, {}, { metadata }));

// First: only so many lines are written in a second.
test("a denial is logged with who, what, how and by which rule", async () => {
  await outcome(unary(open.channel("tcp-tls", "operator"), list, {}));
  expect(open.lines()).toContainEqual(expect.objectContaining({
    component: "authority",
    message: "denied",
    level: "warn",
    identity: "dns:operator.example",
    method: LIST,
    transport: "tcp",
    rule: "TRANSPORT_NEVER",
    peer: "tcp://192.0.2.7:40000",
  }));
});

test.each<Door>(["unix", "vsock"])("over %s a proof can't be replayed, there or elsewhere", async (door) => {
  const [one, other] = [open.channel(door), open.channel(door)];
  const seen = await proof(one);
  // Whoever saw it on the wire, and is sooner, has another connection.
  expect(await listWith(other, seen)).toBe("UNAUTHENTICATED NONCE_UNKNOWN");
  expect(await listWith(one, seen)).toBe("OK");
  expect(await listWith(one, seen)).toBe("UNAUTHENTICATED NONCE_UNKNOWN");
  expect(await listWith(one, await proof(one, "/gatehouse.v1.Admins/Add"))).toBe(
    "UNAUTHENTICATED PROOF_INVALID",
  );
  expect(await listWith(one, await proof(one, LIST, Uint8Array.of(1)))).toBe("UNAUTHENTICATED PROOF_INVALID");
  const forged = await proof(one);
  const bytes = forged.get(PROOF_METADATA)[0] as Buffer;
  bytes[bytes.length - 1] ^= 1;
  expect(await listWith(one, forged)).toBe("UNAUTHENTICATED PROOF_INVALID");
});

const sign = methodAt<CryptoSignRequestInit, CryptoSignResponse>("/crypto.CryptoService/Sign");
const RSA: CryptoSignRequestInit = { key_type: 0, algorithm: 0 };
const P256: CryptoSignRequestInit = { key_type: 1, algorithm: 2 };

test.each<[Door, Certificate | undefined, CryptoSignRequestInit, string]>([
  ["tcp-tls", "user", RSA, "OK"],
  ["tcp-tls", "user", P256, "PERMISSION_DENIED KEY_NOT_ALLOWED"],
  ["tcp-tls", "operator", P256, "OK"],
  ["tcp-tls", "stranger", RSA, "PERMISSION_DENIED KEY_NOT_ALLOWED"],
  ["tcp-plain", undefined, P256, "OK"],
  ["vsock", undefined, P256, "OK"],
  ["unix", undefined, P256, "OK"],
])(
  "over %s, as %s, %o is %s, and the signer hears of nothing that is refused",
  async (door, by, key, expected) => {
    open.used.length = 0;
    expect(await outcome(unary(open.channel(door, by), sign, key))).toBe(expected);
    expect(open.used.length).toBe(expected === "OK" ? 1 : 0);
  },
);

test("an administrator who was added can do as the first one, and the last one stays", async () => {
  const channel = open.channel("vsock");
  const owner = new Prover(channel, open.owner.proving);
  const second = keyPair("p256");
  const add = methodAt("/gatehouse.v1.Admins/Add"), remove = methodAt("/gatehouse.v1.Admins/Remove");
  await owner.unary(add, { name: "second", role: Role.ADMIN, public_key_der: second.spki });
  await new Prover(channel, second.proving).unary(remove, { name: "owner" });
  expect(await outcome(owner.unary(list, {}))).toBe("UNAUTHENTICATED PROOF_INVALID");
  const last = new Prover(channel, second.proving).unary(remove, { name: "second" });
  expect(await outcome(last)).toBe("FAILED_PRECONDITION LAST_ADMINISTRATOR");
});
