// Every cell of the table by gRPC-Web: method x transport x who calls, against a real agent's gateway.
import { Buffer } from "node:buffer";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { keyPair } from "../../src/authority/authority_testkit.ts";
import type { ProvingKey } from "../../src/authority/prover.ts";
import { type Door, DOORS, TABLE } from "../../src/authority/table.ts";
import { GrpcError } from "../../src/grpc/client.ts";
import { messageType, Role } from "../../src/proto/mod.ts";
import { type Certificate, type Open, openAgent } from "./agent.ts";
import { type Caller, CALLERS, expected, isKey, REQUESTS, told } from "./cells.ts";
import { callByWeb } from "./web_caller.ts";

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
  const add = messageType("gatehouse.v1.AddAdminRequest");
  const request = add.serialize({ name: "clerk", role: Role.OPERATOR, public_key_der: clerk.spki });
  await callByWeb(() => open.http("unix"), "/gatehouse.v1.Admins/Add", request, open.owner.proving);
}, 30_000);
afterAll(async () => {
  await open.close();
  await Deno.remove(place.dir, { recursive: true });
});

async function knock(path: string, door: Door, caller: Caller): Promise<GrpcError | undefined> {
  const byTls = door === "tcp-tls" && caller !== "anyone";
  const certificate = isKey(caller) ? "operator" : caller as Certificate;
  const keys: Partial<Record<Caller, ProvingKey>> = {
    "stranger's key": keyPair().proving,
    "operator's key": operator,
    "administrator's key": open.owner.proving,
  };
  try {
    const dial = () => open.http(door, byTls ? certificate : undefined);
    await callByWeb(dial, path, REQUESTS[path] ?? Buffer.alloc(0), keys[caller]);
    return undefined;
  } catch (error) {
    if (error instanceof GrpcError) return error;
    throw error;
  }
}

describe.each(DOORS)("over %s", (door) => {
  describe.each(CALLERS[door])("%s", (caller) => {
    test.each([...TABLE.keys()])("%s", async (path) => {
      expect(told(await knock(path, door, caller))).toBe(expected(path, door, caller));
    });
  });
});
