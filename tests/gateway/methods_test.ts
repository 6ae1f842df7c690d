// Every unary method by gRPC and by REST, on appliances of their own with real signers: the same calls end the same.
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { HTTP_CODES } from "../../src/gateway/rest/http_status.ts";
import { type Ask, STEPS, UNARY } from "./calls.ts";
import { grpcWorld, type Outcome, patiently, restWorld, type World } from "./worlds.ts";

/** VSOCK is not what these are about: each appliance has a socket in its place. */
const place = vi.hoisted(() => ({ dir: Deno.makeTempDirSync({ prefix: "gatehouse-vsock-" }), sockets: 0 }));
vi.mock("../../src/transport/listen.ts", async () => {
  const { listenWithVsock } = await import("../authority/vsock_listener.ts");
  return await listenWithVsock(() => `${place.dir}/${++place.sockets}.sock`);
});

/** What differs between two appliances, or from call to call, by the names of fields. */
const OF_ITS_OWN =
  /Ms$|^(responseTimestamp|nonce|instanceId|toml|address|signature|publicKey|publicKeyDer|keyId|nextPageToken|data|recipient|detail|lastEvent|rowsLeft|connections|text)$/;

/** That there is something is kept. */
function masked(value: JsonValue, name = ""): JsonValue {
  if (Array.isArray(value)) return value.map((one) => masked(one, name));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, masked(one, key)]));
  }
  if (!OF_ITS_OWN.test(name)) return value;
  return `${typeof value}, ${value === "" || value === "0" ? "none" : "some"}`;
}

let worlds: World[] = [];
const outcomes = new Map<string, (Outcome | undefined)[]>();

async function play(world: World): Promise<(Outcome | undefined)[]> {
  const ask: Ask = async (path, request) => {
    const method = UNARY.find((one) => one.path === path)!;
    const outcome = await patiently(() => world.call(method, request));
    if (outcome?.code !== 0) throw new Error(`${path} failed: ${JSON.stringify(outcome)}`);
    return outcome.value;
  };
  const all: (Outcome | undefined)[] = [];
  for (const { method, request } of STEPS) {
    const given = typeof request === "function" ? await request(ask) : request;
    all.push(await patiently(() => world.call(method, given)));
  }
  return all;
}

beforeAll(async () => {
  worlds = await Promise.all([grpcWorld(), restWorld(false), restWorld(true)]);
  await Promise.all(worlds.map(async (world) => void outcomes.set(world.name, await play(world))));
}, 120_000);
afterAll(async () => {
  await Promise.all(worlds.map((world) => world.close()));
  await Deno.remove(place.dir, { recursive: true });
});

const names = ["REST by rules", "REST by the methods' own paths"];

describe.each(names)("%s", (name) => {
  test.each(STEPS.map(({ method, what }, i) => [method.path, what, i] as const))(
    "%s (%s) as by gRPC",
    (_path, _what, i) => {
      const byGrpc = outcomes.get("gRPC")?.[i];
      const byRest = outcomes.get(name)?.[i];
      if (byRest === undefined) return expect(name).toBe("REST by rules");
      expect(byRest.http).toBe(HTTP_CODES[byRest.code as keyof typeof HTTP_CODES]);
      expect(masked(byRest.value)).toEqual(masked(byGrpc?.value as JsonObject));
    },
  );
});

test("every unary method went well at least once, by each way", () => {
  for (const name of ["gRPC", ...names]) {
    const well = new Set(
      STEPS.filter((_, i) => outcomes.get(name)?.[i]?.code === 0).map(({ method }) => method.path),
    );
    expect(UNARY.map(({ path }) => path).filter((path) => !well.has(path)), name).toEqual([]);
  }
});
