// REST against services on a server in memory.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { status } from "@grpc/grpc-js";
import { Server } from "../../grpc/server.ts";
import { UNIX } from "../../authority/authority_testkit.ts";
import { serviceDefinition } from "../../proto/mod.ts";
import { echoService } from "../../services/echo.ts";
import { KEYS_SERVICE } from "../../services/keys.ts";
import { type Refusal, refuseForNow } from "../../services/refusal.ts";
import { type Rest, restTo } from "./rest_testkit.ts";

const NOW = 1_700_000_000_123;

let server: Server;
let rest: Rest;
/** Requests of Keys.List as they came. */
const lists: unknown[] = [];
beforeEach(() => {
  server = new Server();
  server.addService(serviceDefinition("echo.EchoService"), echoService(() => NOW));
  server.addService(serviceDefinition(KEYS_SERVICE), {
    List(call: { request: unknown }, callback: (error: null, answer: object) => void) {
      lists.push(call.request);
      callback(null, { keys: [{ id: "a", kind: 4, revision: 7, labels: { env: "prod" } }] });
    },
    Get: (_call: unknown, callback: (refusal: Refusal) => void) =>
      callback(refuseForNow(status.RESOURCE_EXHAUSTED, "BUSY", "come again", 1500)),
  });
  rest = restTo(server, UNIX);
});
afterEach(async () => {
  lists.length = 0;
  rest.close();
  await server.shutdown(0);
});

const problemOf = async (response: Response) => {
  const { code, message, details } = await response.json();
  return { code, message, field: details[0]?.fieldViolations?.[0]?.field };
};

describe("a call by REST", () => {
  test("is answered in JSON, 64-bit integers as strings", async () => {
    const response = await rest.post("/v1/echo", { payload: "héllo", timestamp: "9007199254740993" });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(await response.json()).toEqual({
      payload: "héllo",
      requestTimestamp: "9007199254740993",
      responseTimestamp: String(NOW),
    });
  });

  test("may be made by the method's own path", async () => {
    const response = await rest.post("/echo.EchoService/Echo", { payload: "x" });
    expect(await response.json()).toMatchObject({ payload: "x" });
  });

  test("takes the query as fields: repeated, enums by name, maps by brackets, either spelling", async () => {
    const response = await rest.fetch(
      "/v1/keys?pageSize=5&states=ENABLED&states=2&labels[env]=a%2Bb&page_token=t",
    );
    expect(response.status).toBe(200);
    expect(lists).toEqual([
      { page_size: 5, page_token: "t", labels: { env: "a+b" }, states: [1, 2] },
    ]);
    expect(await response.json()).toMatchObject({
      keys: [{ id: "a", kind: "EC_P256", revision: "7", labels: { env: "prod" }, imported: false }],
      nextPageToken: "",
    });
  });

  test("is refused with the status, its details and when to come again", async () => {
    const response = await rest.fetch("/v1/keys/some-key");
    expect(response.status).toBe(429);
    expect(response.headers.get("retry-after")).toBe("2");
    expect(await response.json()).toEqual({
      code: status.RESOURCE_EXHAUSTED,
      message: "come again",
      details: [
        { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "BUSY", domain: "gatehouse" },
        { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "1.500s" },
      ],
    });
  });
});

describe("what isn't a request", () => {
  test.each([
    ["/v1/keys?pageSize=x", "pageSize", "an integer"],
    ["/v1/keys?pageSize=1&page_size=2", "page_size", "twice"],
    ["/v1/keys?states=NO_STATE", "states", "its elements"],
    ["/v1/keys?nothing=1", "nothing", "is no query parameter"],
    ["/v1/keys?labels=1", "labels", "labels[name]"],
    ["/v1/keys/%ff", "id", "UTF-8"],
    ["/v1/keys/a?id=b", "id", "stands in the path"],
  ])("in the query of %s is named", async (target, field, words) => {
    const response = await rest.fetch(target);
    expect(response.status).toBe(400);
    const problem = await problemOf(response);
    expect(problem).toMatchObject({ code: status.INVALID_ARGUMENT, field });
    expect(problem.message).toContain(words);
  });

  test("in the body is named with its byte", async () => {
    const response = await rest.post("/v1/echo", { payload: "x", timestamp: "later" });
    expect(await problemOf(response)).toEqual({
      code: status.INVALID_ARGUMENT,
      field: "timestamp",
      message: "timestamp: at byte 27: expects an integer of 64 bits, as a string beyond 2^53",
    });
    expect(response.status).toBe(400);
  });

  test("is a body that isn't said to be JSON", async () => {
    const response = await rest.fetch("/v1/echo", { method: "POST", body: "{}" });
    expect(response.status).toBe(415);
  });

  test("is a path by another verb, and the answer says by which", async () => {
    const response = await rest.fetch("/v1/echo");
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("POST");
  });

  test("is another path, which is left to other handlers", async () => {
    expect((await rest.fetch("/v1/nothing")).status).toBe(404);
    expect((await rest.fetch("/v1/keys/a:nothing", { method: "POST" })).status).toBe(404);
  });
});
