// Every cell of the table by REST, server streams as events: method x transport x who calls, against a real agent's gateway.
import { status } from "@grpc/grpc-js";
import type { JsonObject } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { keyPair } from "../../src/authority/authority_testkit.ts";
import type { ProvingKey } from "../../src/authority/prover.ts";
import { type Door, DOORS } from "../../src/authority/table.ts";
import { HTTP_CODES } from "../../src/gateway/rest/http_status.ts";
import { METHODS } from "../../src/gateway/rest/schema.ts";
import { GrpcError } from "../../src/grpc/client.ts";
import { refuse } from "../../src/services/refusal.ts";
import { type HttpAsk, HttpCaller, textOf } from "../gateway/http_caller.ts";
import { type Certificate, type Open, openAgent } from "./agent.ts";
import { type Caller, CALLERS, expected, isKey, told } from "./cells.ts";

const place = vi.hoisted(() => ({ dir: "" }));
vi.mock("../../src/transport/listen.ts", async () => {
  const { listenWithVsock } = await import("./vsock_listener.ts");
  return await listenWithVsock(() => `${place.dir}/vsock.sock`);
});

let open: Open;
let operator: ProvingKey;
beforeAll(async () => {
  place.dir = await Deno.makeTempDir({ prefix: "gatehouse-authority-" });
  open = await openAgent(place.dir);
  const clerk = keyPair("p256");
  operator = clerk.proving;
  const publicKeyDer = clerk.spki.toString("base64");
  const caller = new HttpCaller(() => open.http("unix"));
  const ask = post("/v1/admins", { name: "clerk", role: "OPERATOR", publicKeyDer });
  expect(await caller.json(await caller.proven(ask, open.owner.proving))).toMatchObject({ code: 200 });
  caller.close();
}, 30_000);
afterAll(async () => {
  await open.close();
  await Deno.remove(place.dir, { recursive: true });
});

/** A request that is answered at once; elsewhere an empty one is. */
const REQUESTS: Record<string, JsonObject> = { "/gatehouse.v1.Events/Watch": { includeKept: true } };

const post = (target: string, value: JsonObject): HttpAsk => ({
  verb: "POST",
  target,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(value),
});

/** The status, when that is what comes first. */
async function knock(path: string, door: Door, by: Caller): Promise<GrpcError | undefined> {
  const byTls = door === "tcp-tls" && by !== "anyone";
  const certificate = isKey(by) ? "operator" : by as Certificate;
  const caller = new HttpCaller(() => open.http(door, byTls ? certificate : undefined));
  const keys: Partial<Record<Caller, ProvingKey>> = {
    "stranger's key": keyPair().proving,
    "operator's key": operator,
    "administrator's key": open.owner.proving,
  };
  const key = keys[by];
  try {
    const ask = post(path, REQUESTS[path] ?? {});
    const { code, headers, body } = await caller.ask(key ? await caller.proven(ask, key) : ask);
    return headers.get("content-type") === "text/event-stream"
      ? await firstEvent(body)
      : code === 200
      ? undefined
      : statusOf(await textOf(body), code);
  } finally {
    caller.close();
  }
}

/** Its own answer's code is not the status's once a stream has begun. */
async function firstEvent(body: AsyncIterator<Uint8Array>): Promise<GrpcError | undefined> {
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const event = /(?:^|\n\n)(?:event: (\w+)\n)?(?:id: \d+\n)?data: (.*)\n\n/.exec(text);
    if (event !== null) return event[1] === "error" ? statusOf(event[2]) : undefined;
    const { done, value } = await body.next();
    if (done) throw new Error(`no event: ${text}`);
    text += decoder.decode(value, { stream: true });
  }
}

function statusOf(text: string, httpCode?: number): GrpcError {
  const { code, message, details } = JSON.parse(text);
  if (httpCode !== undefined) expect(httpCode).toBe(HTTP_CODES[code as status]);
  const reason = details.find((detail: JsonObject) => "reason" in detail)?.reason;
  const refusal = refuse(code, reason ?? "NONE", message);
  return new GrpcError(code, message, refusal.metadata);
}

describe.each(DOORS)("over %s", (door) => {
  describe.each(CALLERS[door])("%s", (caller) => {
    test.each(METHODS.map(({ path }) => path))("%s", async (path) => {
      expect(told(await knock(path, door, caller))).toBe(expected(path, door, caller));
    });
  });
});
