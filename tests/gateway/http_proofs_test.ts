// Proofs by REST over real sockets of a real agent: each good for one request, once.
import { Buffer } from "node:buffer";
import { Metadata } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { encodeHttpRequest, HTTP_REQUEST_METADATA, PROOF_METADATA } from "../../src/authority/proof.ts";
import { keyPair, outcome } from "../../src/authority/authority_testkit.ts";
import { unary } from "../../src/grpc/client.ts";
import { type ChallengeResponse, methodAt } from "../../src/proto/mod.ts";
import { type Open, openAgent } from "../authority/agent.ts";
import { ask, type Gate, gateAt, proofHeader, toldOf } from "./http_request.ts";

const place = vi.hoisted(() => ({ dir: "" }));
vi.mock("../../src/transport/listen.ts", async () => {
  const { listenWithVsock } = await import("../authority/vsock_listener.ts");
  return await listenWithVsock(() => `${place.dir}/vsock.sock`);
});

let open: Open;
let unix: Gate;
let vsock: Gate;
let tcp: Gate;
beforeAll(async () => {
  place.dir = await Deno.makeTempDir({ prefix: "gatehouse-http-proofs-" });
  open = await openAgent(place.dir);
  unix = gateAt(`unix://${place.dir}/http.sock`);
  vsock = gateAt(`unix://${place.dir}/vsock.sock.50080`);
  tcp = gateAt(open.agent.gatewayAddresses.find((address) => address.startsWith("tcp:")) ?? "");
}, 30_000);
afterAll(async () => {
  for (const { client } of [unix, vsock, tcp]) client.close();
  await open.close();
  await Deno.remove(place.dir, { recursive: true });
});

const proven = async (gate: Gate, line: string, body?: string, key = open.owner.proving) => ({
  "gatehouse-proof": await proofHeader(gate, key, line, body),
});

describe.each([["a Unix socket", () => unix], ["VSOCK", () => vsock]])("over %s", (_name, gateOf) => {
  test("a proof administrates", async () => {
    const headers = await proven(gateOf(), "GET /v1/admins");
    const answer = await ask(gateOf(), "/v1/admins", { headers });
    expect(toldOf(answer)).toBe("200");
    expect(answer.value.admins).toHaveLength(1);
  });

  test("without one nobody does", async () => {
    expect(toldOf(await ask(gateOf(), "/v1/admins"))).toBe("401 PROOF_MISSING");
  });

  test("who has proven something is told so, with the rights that it gives", async () => {
    const headers = await proven(gateOf(), "GET /v1/access:whoAmI");
    expect((await ask(gateOf(), "/v1/access:whoAmI", { headers })).value)
      .toMatchObject({ identity: "admin:owner", role: "ADMIN" });
    expect((await ask(gateOf(), "/v1/access:whoAmI")).value).toMatchObject({ role: "USER" });
  });

  test("a proof is good once", async () => {
    const headers = await proven(gateOf(), "GET /v1/admins");
    expect(toldOf(await ask(gateOf(), "/v1/admins", { headers }))).toBe("200");
    expect(toldOf(await ask(gateOf(), "/v1/admins", { headers }))).toMatch(/NONCE_UNKNOWN/);
  });

  test("of many at once with one proof one is let in", async () => {
    const headers = await proven(gateOf(), "GET /v1/admins");
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => ask(gateOf(), "/v1/admins", { headers })),
    );
    expect(answers.filter(({ code }) => code === 200)).toHaveLength(1);
  });

  test("a proof is for its method, its target and its body alone", async () => {
    const add = JSON.stringify({ name: "mallory", role: "ADMIN", publicKeyDer: "AAAA" });
    const cases: [string, string | undefined, string, string | undefined][] = [
      ["GET /v1/admins?x=1", undefined, "/v1/admins", undefined],
      ["GET /v1/admins", undefined, "/v1/admins", add],
      ["POST /v1/admins", "{}", "/v1/admins", add],
      ["/gatehouse.v1.Admins/List", undefined, "/v1/admins", undefined],
      [
        "POST /gatehouse.v1.Admins/List",
        "{}",
        "/gatehouse.v1.Admins/List",
        '{ "a": 1 }'.replace('"a": 1', ""),
      ],
    ];
    for (const [line, signed, target, body] of cases) {
      const headers = await proven(gateOf(), line, signed);
      expect(toldOf(await ask(gateOf(), target, { body, headers })), line).toMatch(/PROOF_INVALID/);
    }
  });

  test("a body that is signed is taken", async () => {
    const body = JSON.stringify({ name: "x!", role: "ADMIN", publicKeyDer: "AAAA" });
    const headers = await proven(gateOf(), "POST /v1/admins", body);
    expect((await ask(gateOf(), "/v1/admins", { body, headers })).code).toBe(400);
  });

  test("a stranger's key proves nothing, nor does what is no proof", async () => {
    const headers = await proven(gateOf(), "GET /v1/admins", "", keyPair().proving);
    expect(toldOf(await ask(gateOf(), "/v1/admins", { headers }))).toMatch(/PROOF_INVALID/);
    for (const proof of ["AAAA", "!!", ""]) {
      const { code } = await ask(gateOf(), "/v1/admins", { headers: { "gatehouse-proof": proof } });
      expect(code, proof).toBe(401);
    }
  });
});

test("a nonce of one door is none of another's", async () => {
  const headers = await proven(unix, "GET /v1/admins");
  expect(toldOf(await ask(vsock, "/v1/admins", { headers }))).toMatch(/NONCE_UNKNOWN/);
});

test("over plain TCP a proof is refused", async () => {
  const headers = await proven(tcp, "GET /v1/keys");
  expect(toldOf(await ask(tcp, "/v1/keys", { headers }))).toMatch(/PROOF_OVER_TCP|TRANSPORT_NEVER/);
});

test("by gRPC nobody can say what a proof was made over", async () => {
  const channel = open.channel("unix");
  const challenge = methodAt<object, ChallengeResponse>("/gatehouse.v1.Access/Challenge");
  const list = methodAt<object, object>("/gatehouse.v1.Admins/List");
  const { nonce } = await unary(channel, challenge, {});
  const digest = new Uint8Array(32);
  const { value } = await ask(unix, "/v1/access:challenge", { body: "{}" });
  const { encodeProof, signedBytes } = await import("../../src/authority/proof.ts");
  const { keyId, sign } = open.owner.proving;
  const path = "GET /v1/status";
  const signature = sign(signedBytes({ instanceId: value.instanceId, path, nonce, digest }));
  const metadata = new Metadata();
  metadata.set(PROOF_METADATA, Buffer.from(encodeProof({ key_id: keyId, nonce, signature })));
  metadata.set(HTTP_REQUEST_METADATA, encodeHttpRequest(path, digest));
  expect(await outcome(unary(channel, list, {}, { metadata }))).toMatch(/PROOF_INVALID/);
});
