// Signatures of every algorithm, made through the agent by the real signer, judged by two that share no code with it:
// the runtime's WebCrypto and openssl. Of data, of none, of more than one frame, and of a digest.
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Prover } from "../../src/authority/prover.ts";
import type { Channel } from "../../src/grpc/channel.ts";
import { unary } from "../../src/grpc/client.ts";
import {
  Algorithm,
  type CreateKeyRequestInit,
  EcdsaEncoding,
  type Key,
  KeyKind,
  methodAt,
  type SignRequestInit,
  type SignResponse,
  type VerifyRequestInit,
  type VerifyResponse,
} from "../../src/proto/mod.ts";
import { run, runOk } from "../lib/command.ts";
import { type Open, openAgent } from "./agent.ts";
import { type RealSigner, startRealSigner } from "./real_signer.ts";

const place = vi.hoisted(() => ({ dir: "" }));
vi.mock("../../src/transport/listen.ts", async () => {
  const { listenWithVsock } = await import("./vsock_listener.ts");
  return await listenWithVsock(() => `${place.dir}/vsock.sock`);
});

const Create = methodAt<CreateKeyRequestInit, Key>("/gatehouse.v1.Keys/Create");
const Sign = methodAt<SignRequestInit, SignResponse>("/gatehouse.v1.Crypto/Sign");
const Verify = methodAt<VerifyRequestInit, VerifyResponse>("/gatehouse.v1.Crypto/Verify");

const PSS = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"];
const bitsOf = { sha256: 256, sha384: 384, sha512: 512 };

interface Judged {
  readonly algorithm: number;
  /** None: Ed25519 hashes by itself. */
  readonly hash?: keyof typeof bitsOf;
  readonly web: { readonly name: string; readonly namedCurve?: string; readonly saltLength?: number };
  readonly kinds: readonly number[];
}

const RSA = [KeyKind.RSA_2048, KeyKind.RSA_3072, KeyKind.RSA_4096];
const rsa = (name: string, hash: keyof typeof bitsOf, algorithm: number): Judged => ({
  algorithm,
  hash,
  web: { name, saltLength: bitsOf[hash] / 8 },
  kinds: RSA,
});
const ecdsa = (namedCurve: string, hash: keyof typeof bitsOf, algorithm: number, kind: number): Judged => ({
  algorithm,
  hash,
  web: { name: "ECDSA", namedCurve },
  kinds: [kind],
});
const JUDGED: readonly Judged[] = [
  rsa("RSASSA-PKCS1-v1_5", "sha256", Algorithm.RSA_PKCS1_SHA256),
  rsa("RSASSA-PKCS1-v1_5", "sha384", Algorithm.RSA_PKCS1_SHA384),
  rsa("RSASSA-PKCS1-v1_5", "sha512", Algorithm.RSA_PKCS1_SHA512),
  rsa("RSA-PSS", "sha256", Algorithm.RSA_PSS_SHA256),
  rsa("RSA-PSS", "sha384", Algorithm.RSA_PSS_SHA384),
  rsa("RSA-PSS", "sha512", Algorithm.RSA_PSS_SHA512),
  ecdsa("P-256", "sha256", Algorithm.ECDSA_P256_SHA256, KeyKind.EC_P256),
  ecdsa("P-384", "sha256", Algorithm.ECDSA_P384_SHA256, KeyKind.EC_P384),
  ecdsa("P-384", "sha384", Algorithm.ECDSA_P384_SHA384, KeyKind.EC_P384),
  ecdsa("P-521", "sha512", Algorithm.ECDSA_P521_SHA512, KeyKind.EC_P521),
  { algorithm: Algorithm.EDDSA_ED25519, web: { name: "Ed25519" }, kinds: [KeyKind.ED25519] },
];
const nameOf = (numbers: Record<string, number>, number: number) =>
  Object.entries(numbers).find(([, value]) => value === number)?.[0] ?? "";
const CASES = JUDGED.flatMap((judged) =>
  judged.kinds.map((kind) => ({
    judged,
    kind,
    name: nameOf(Algorithm, judged.algorithm),
    of: nameOf(KeyKind, kind),
  }))
);

/** Nothing, a little, and more than one frame of HTTP/2. */
const DATA = [0, 9, 40_000].map((length) => new Uint8Array(length).map((_, at) => at));

let open: Open;
let real: RealSigner;
let channel: Channel;
/** By kind. */
const keys = new Map<number, Uint8Array<ArrayBuffer>>();

beforeAll(async () => {
  place.dir = await Deno.makeTempDir({ prefix: "gatehouse-signatures-" });
  real = await startRealSigner(place.dir);
  open = await openAgent(place.dir, { signer: real.signer });
  channel = open.channel("unix");
  const admin = new Prover(open.channel("unix"), open.owner.proving);
  for (const kind of new Set(CASES.map(({ kind }) => kind))) {
    const { versions } = await admin.unary(Create, { id: `kind-${kind}`, kind });
    keys.set(kind, new Uint8Array(versions[0].public_key_der));
  }
}, 120_000);
afterAll(async () => {
  await open?.close();
  await real?.stop();
  await Deno.remove(place.dir, { recursive: true });
});

/** By data and by digest where there is one, in that encoding. */
async function signatures({ judged, kind }: typeof CASES[number], data: Uint8Array, encoding: number) {
  const how = { key: `kind-${kind}`, algorithm: judged.algorithm, encoding };
  const made = [await unary(channel, Sign, { ...how, data })];
  if (judged.hash) {
    made.push(await unary(channel, Sign, { ...how, digest: createHash(judged.hash).update(data).digest() }));
  }
  return made.map(({ signature }) => new Uint8Array(signature));
}

/** WebCrypto knows r||s only. */
async function webCryptoTakes(
  { judged, kind }: typeof CASES[number],
  data: Uint8Array,
  signature: Uint8Array,
) {
  const hash = judged.hash && `SHA-${bitsOf[judged.hash]}`;
  const algorithm = { ...judged.web, hash };
  const key = await crypto.subtle.importKey("spki", keys.get(kind)!, algorithm, false, ["verify"]);
  return await crypto.subtle.verify(algorithm, key, new Uint8Array(signature), new Uint8Array(data));
}

async function opensslTakes({ judged, kind }: typeof CASES[number], data: Uint8Array, signature: Uint8Array) {
  const [key, input, signed] = ["key", "input", "signature"].map((name) => join(place.dir, name));
  await Deno.writeFile(key, keys.get(kind)!);
  await Deno.writeFile(input, data);
  await Deno.writeFile(signed, signature);
  const pss = judged.web.name === "RSA-PSS" ? PSS : [];
  const { code } = judged.hash
    ? await run("openssl", [
      ...["dgst", `-${judged.hash}`, "-keyform", "DER", ...pss],
      ...["-verify", key, "-signature", signed, input],
    ])
    : await run("openssl", [
      ...["pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER"],
      ...["-inkey", key, "-in", input, "-sigfile", signed],
    ]);
  return code === 0;
}

describe.each(CASES)("$name with $of", (one) => {
  test.each(DATA.map((data) => ({ data, bytes: data.length })))(
    "of $bytes bytes",
    async ({ data, bytes }) => {
      const other = Buffer.concat([data, Buffer.of(1)]);
      for (const signature of await signatures(one, data, EcdsaEncoding.RAW)) {
        expect(await webCryptoTakes(one, data, signature)).toBe(true);
        expect(await webCryptoTakes(one, other, signature)).toBe(false);
      }
      for (const signature of await signatures(one, data, EcdsaEncoding.DER)) {
        const request = { key: `kind-${one.kind}`, algorithm: one.judged.algorithm, data, signature };
        expect((await unary(channel, Verify, request)).valid).toBe(true);
        expect((await unary(channel, Verify, { ...request, data: other })).valid).toBe(false);
        // openssl 3.0 signs and verifies no empty file with Ed25519.
        if (bytes === 0 && !one.judged.hash) continue;
        expect(await opensslTakes(one, data, signature)).toBe(true);
        expect(await opensslTakes(one, other, signature)).toBe(false);
      }
    },
    30_000,
  );
});

test("no algorithm is left out", async () => {
  const judged = new Set(JUDGED.map(({ algorithm }) => algorithm));
  const offered = Object.values(Algorithm).filter((number) => number !== Algorithm.ALGORITHM_UNSPECIFIED);
  expect([...judged].sort((a, b) => a - b)).toEqual([...offered].sort((a, b) => a - b));
  expect(await runOk("openssl", ["version"])).toMatch(/^OpenSSL/);
});
