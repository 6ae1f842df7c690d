// Every cell of the table over a real socket: method x transport x who calls, against a real agent.
import { Buffer } from "node:buffer";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { keyPair } from "../../src/authority/authority_testkit.ts";
import { Prover, type ProvingKey } from "../../src/authority/prover.ts";
import { type Door, DOORS, TABLE } from "../../src/authority/table.ts";
import type { Channel } from "../../src/grpc/channel.ts";
import { type ClientMethod, GrpcError, serverStream } from "../../src/grpc/client.ts";
import { messageType, Role } from "../../src/proto/mod.ts";
import { type Certificate, type Open, openAgent } from "./agent.ts";
import { type Caller, CALLERS, expected, isKey, REQUESTS, told } from "./cells.ts";

const place = vi.hoisted(() => ({ dir: "" }));
vi.mock("../../src/transport/listen.ts", async () => {
  const { listenWithVsock } = await import("./vsock_listener.ts");
  return await listenWithVsock(() => `${place.dir}/vsock.sock`);
});

const methodAt = (path: string): ClientMethod<Buffer, Buffer> => ({
  path,
  requestSerialize: (bytes) => bytes,
  responseDeserialize: (bytes) => bytes,
});

let open: Open;
let operator: ProvingKey;
/** Of callers without a key: theirs hold no nonces. */
const channels = new Map<string, Channel>();
beforeAll(async () => {
  place.dir = await Deno.makeTempDir({ prefix: "gatehouse-authority-" });
  open = await openAgent(place.dir);
  const clerk = keyPair("p256");
  operator = clerk.proving;
  const add = messageType("gatehouse.v1.AddAdminRequest");
  const request = add.serialize({ name: "clerk", role: Role.OPERATOR, public_key_der: clerk.spki });
  await new Prover(channelFor("unix", "anyone"), open.owner.proving)
    .unary(methodAt("/gatehouse.v1.Admins/Add"), Buffer.from(request));
}, 30_000);
afterAll(async () => {
  await open.close();
  await Deno.remove(place.dir, { recursive: true });
});

function channelFor(door: Door, caller: Caller): Channel {
  const name = `${door} ${caller}`;
  let channel = channels.get(name);
  if (channel === undefined || isKey(caller)) {
    const byTls = door === "tcp-tls" && caller !== "anyone";
    const certificate = isKey(caller) ? "operator" : caller as Certificate;
    channel = open.channel(door, byTls ? certificate : undefined);
    channels.set(name, channel);
  }
  return channel;
}

/** The first answer, or the status. */
async function knock(path: string, door: Door, caller: Caller): Promise<GrpcError | undefined> {
  const channel = channelFor(door, caller);
  const request = REQUESTS[path] ?? Buffer.alloc(0);
  const keys: Partial<Record<Caller, ProvingKey>> = {
    "stranger's key": keyPair().proving,
    "operator's key": operator,
    "administrator's key": open.owner.proving,
  };
  const key = keys[caller];
  const answers = key
    ? new Prover(channel, key).serverStream(methodAt(path), request, { deadlineMs: 10_000 })
    : serverStream(channel, methodAt(path), request, { deadlineMs: 10_000 });
  const iterator = answers[Symbol.asyncIterator]();
  try {
    await iterator.next();
    return undefined;
  } catch (error) {
    if (error instanceof GrpcError) return error;
    throw error;
  } finally {
    await iterator.return?.();
  }
}

describe.each(DOORS)("over %s", (door) => {
  describe.each(CALLERS[door])("%s", (caller) => {
    test.each([...TABLE.keys()])("%s", async (path) => {
      expect(told(await knock(path, door, caller))).toBe(expected(path, door, caller));
    });
  });
});
