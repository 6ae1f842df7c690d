import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import { RestClient, RestError, type Send } from "./rest_client.ts";
import { readWebKey } from "./web_key.ts";

const newKey = () =>
  readWebKey(String(generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" })));
const challenge = () => Response.json({ nonce: btoa("n".repeat(32)), instanceId: "abc" });
const refusal = (status: number, reason: string, headers = {}) =>
  Response.json({ code: 16, message: "no", details: [{ "@type": "x", reason }] }, { status, headers });

test.each([
  [401, "not-allowed"],
  [403, "not-allowed"],
  [429, "overloaded"],
  [503, "overloaded"],
  [500, "failed"],
  [404, "failed"],
])("an answer %i is trouble of the kind %s", async (status, trouble) => {
  const client = new RestClient(() => Promise.resolve(refusal(status, "WHY", { "retry-after": "7" })));
  const error = await client.json("/v1/status").catch((one: unknown) => one);
  expect(error).toMatchObject({ trouble, message: "no", details: { reason: "WHY", retryAfterMs: 7000 } });
});

test("nobody there is trouble of its own, and so is an answer that is no JSON", async () => {
  const gone = new RestClient(() => Promise.reject(new TypeError("fetch failed")));
  await expect(gone.json("/")).rejects.toMatchObject({ trouble: "unreachable" });
  const garbled = new RestClient(() => Promise.resolve(new Response("<html>")));
  await expect(garbled.json("/")).rejects.toMatchObject({ trouble: "failed" });
});

test("with a key every request has a challenge before it, one at a time", async () => {
  const seen: string[] = [];
  let open = 0;
  const send: Send = async (target, { headers, method }) => {
    expect(++open).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 1));
    open--;
    seen.push(`${method} ${target}${headers["gatehouse-proof"] ? " proven" : ""}`);
    return target.endsWith(":challenge") ? challenge() : Response.json({});
  };
  const client = new RestClient(send);
  client.useKey(await newKey());
  await Promise.all([client.json("/a"), client.json("/b")]);
  expect(seen).toEqual([
    "POST /v1/access:challenge",
    "GET /a proven",
    "POST /v1/access:challenge",
    "GET /b proven",
  ]);
});

test("a nonce of another connection is asked for again, and not for ever", async () => {
  let stale = 1;
  let proofs = 0;
  const client = new RestClient((target) => {
    if (target.endsWith(":challenge")) return Promise.resolve(challenge());
    proofs++;
    return Promise.resolve(stale-- > 0 ? refusal(401, "NONCE_UNKNOWN") : Response.json({ ok: true }));
  });
  client.useKey(await newKey());
  expect(await client.json("/a")).toEqual({ ok: true });
  expect(proofs).toBe(2);
  stale = 100;
  await expect(client.json("/a")).rejects.toMatchObject({ details: { reason: "NONCE_UNKNOWN" } });
  expect(proofs).toBe(5);
});

test("events come one by one; a stream that ends ends the loop", async () => {
  const body = new Blob(["data: 1\n\n: still here\n\ndata: 2\n\n"]).stream();
  const client = new RestClient(() => Promise.resolve(new Response(body)));
  const events = [];
  let opened = 0;
  for await (const { data } of client.events("/e", new AbortController().signal, () => opened++)) {
    events.push(data);
  }
  expect(events).toEqual(["1", "2"]);
  expect(opened).toBe(1);
  const refused = new RestClient(() => Promise.resolve(refusal(403, "ROLE")));
  await expect(refused.events("/e", new AbortController().signal, () => {}).next()).rejects.toBeInstanceOf(
    RestError,
  );
});
