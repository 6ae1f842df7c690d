// Every cell of the table over a real socket: method x transport x who calls, against a real agent.
import { Buffer } from "node:buffer";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { keyPair } from "../../src/authority/authority_testkit.ts";
import { Prover, type ProvingKey } from "../../src/authority/prover.ts";
import { codeOf, type Rule, RULES } from "../../src/authority/refusals.ts";
import { type Door, DOORS, type Need, type Row, TABLE } from "../../src/authority/table.ts";
import type { Channel } from "../../src/grpc/channel.ts";
import { type ClientMethod, GrpcError, serverStream } from "../../src/grpc/client.ts";
import { messageType, Role } from "../../src/proto/mod.ts";
import { reasonIn } from "../../src/services/refusal.ts";
import { type Certificate, type Open, openAgent } from "./agent.ts";

const place = vi.hoisted(() => ({ dir: "" }));
vi.mock("../../src/transport/listen.ts", async () => {
  const { listenWithVsock } = await import("./vsock_listener.ts");
  return await listenWithVsock(() => `${place.dir}/vsock.sock`);
});

/** Whoever may stand before a door. */
type Caller = "anyone" | "stranger's key" | "operator's key" | "administrator's key" | Certificate;

const OF_LOCAL: Caller[] = ["anyone", "stranger's key", "operator's key", "administrator's key"];
const CALLERS: Record<Door, Caller[]> = {
  "tcp-tls": ["anyone", "user", "operator", "stranger", "expired", "administrator's key"],
  "tcp-plain": ["anyone", "administrator's key"],
  vsock: OF_LOCAL,
  unix: OF_LOCAL,
};

const ROLES: Partial<Record<Caller, number>> = {
  operator: Role.OPERATOR,
  "operator's key": Role.OPERATOR,
  "administrator's key": Role.ADMIN,
};

/** Keys that prove; the others come by certificate, or with nothing. */
const isKey = (caller: Caller) => caller.endsWith("key");

/** What the table says, by the words of docs/security.md; undefined: it is let in. */
function ruleFor(row: Row, door: Door, caller: Caller): Rule | undefined {
  const need: Need = row[door];
  if (door === "tcp-tls" && caller === "anyone") return "CERTIFICATE_MISSING";
  if (caller === "expired") return "CERTIFICATE_EXPIRED";
  if (need === "never") return "TRANSPORT_NEVER";
  const role = ROLES[caller] ?? Role.USER;
  if (door === "tcp-tls" || door === "tcp-plain") {
    if (isKey(caller)) return row.readsProof ? "PROOF_OVER_TCP" : undefined;
    return role >= need ? undefined : "ROLE_TOO_LOW";
  }
  if (!row.readsProof) return undefined;
  if (caller === "stranger's key") return "PROOF_INVALID";
  if (role >= need) return undefined;
  return caller === "anyone" ? "PROOF_MISSING" : "ROLE_TOO_LOW";
}

const keep = messageType("gatehouse.v1.WatchEventsRequest");
/** A request that is answered at once; elsewhere an empty one is. */
const REQUESTS: Record<string, Buffer> = {
  "/gatehouse.v1.Events/Watch": Buffer.from(keep.serialize({ include_kept: true })),
};

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

/** "let in", or the refusal's code and reason. */
function told(error: GrpcError | undefined): string {
  if (error === undefined) return "let in";
  const reason = reasonIn(error.metadata);
  const refused = RULES.some((rule) => rule === reason) || error.code === status.UNAUTHENTICATED ||
    error.code === status.PERMISSION_DENIED || error.code === status.UNIMPLEMENTED;
  return refused ? `${status[error.code]} ${reason}` : "let in";
}

/** The certificate of a user has a key of its own; that of a stranger has none, which is a matter of keys and not of methods. */
const KEYS_NEEDED: Partial<Record<Caller, [path: RegExp, Rule][]>> = {
  stranger: [[/^\/crypto\.CryptoService\//, "KEY_NOT_ALLOWED"], [/Keys\/Get/, "KEY_NOT_FOUND"]],
  user: [[/Keys\/Get/, "KEY_NOT_FOUND"]],
};
const keyRule = (path: string, caller: Caller) =>
  KEYS_NEEDED[caller]?.find(([pattern]) => pattern.test(path))?.[1];

describe.each(DOORS)("over %s", (door) => {
  describe.each(CALLERS[door])("%s", (caller) => {
    test.each([...TABLE.keys()])("%s", async (path) => {
      const rule = ruleFor(TABLE.get(path)!, door, caller) ?? keyRule(path, caller);
      const expected = rule ? `${status[codeOf(rule)]} ${rule}` : "let in";
      expect(told(await knock(path, door, caller))).toBe(expected);
    });
  });
});
