// What a person types to administrate, as processes of their own against a real agent on a real socket.
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { gatehouse, gatehouseJson, tryGatehouse } from "../lib/command.ts";
import { type Open, openAgent } from "./agent.ts";

const place = vi.hoisted(() => ({ dir: "" }));
vi.mock("../../src/transport/listen.ts", async () => {
  const { listenWithVsock } = await import("./vsock_listener.ts");
  return await listenWithVsock(() => `${place.dir}/vsock.sock`);
});

let open: Open;
let env: Record<string, string>;
const inDir = (name: string) => join(place.dir, name);
beforeAll(async () => {
  place.dir = await Deno.makeTempDir({ prefix: "gatehouse-admins-" });
  open = await openAgent(place.dir);
  const pem = String(open.owner.privateKey.export({ type: "pkcs8", format: "pem" }));
  await Deno.writeTextFile(inDir("owner.key"), pem, { mode: 0o600 });
  env = { GATEHOUSE_SERVER: `unix://${inDir("agent.sock")}`, GATEHOUSE_ADMIN_KEY: inDir("owner.key") };
}, 30_000);
afterAll(async () => {
  await open.close();
  await Deno.remove(place.dir, { recursive: true });
});

test("a key is made, enrolled, proves what it is, and is removed again", async () => {
  const publicPem = await gatehouse(["admins", "keygen", inDir("alice.key")]);
  expect((await Deno.stat(inDir("alice.key"))).mode! & 0o777).toBe(0o600);
  await Deno.writeTextFile(inDir("alice.pub"), publicPem);
  const added = await gatehouse(["admins", "add", "alice", inDir("alice.pub"), "--role", "operator"], {
    env,
  });
  expect(added).toMatch(/^Enrolled alice as operator, key [0-9a-f]{16}\n$/);
  const [listed, who, denied] = await Promise.all([
    gatehouseJson<{ admins: { name: string; role: string; added_by: string }[] }>(["admins", "list"], {
      env,
    }),
    gatehouse(["whoami", "--admin-key", inDir("alice.key")], { env }),
    tryGatehouse(["admins", "remove", "owner", "--admin-key", inDir("alice.key")], { env }),
  ]);
  expect(listed.admins).toMatchObject([
    { name: "owner", role: "admin", added_by: "bootstrap" },
    { name: "alice", role: "operator", added_by: "admin:owner" },
  ]);
  expect(who).toBe("operator:alice (operator, by unix), may use all keys\n");
  expect([denied.code, denied.err]).toEqual([
    1,
    expect.stringMatching(/PERMISSION_DENIED.*\nNext: .*whoami/s),
  ]);
  expect(await gatehouse(["admins", "remove", "alice"], { env })).toBe("Removed alice\n");
}, 60_000);

test("whoever has no key, a bad one, or calls by TCP is told what to do", async () => {
  const bare = { ...env, GATEHOUSE_ADMIN_KEY: "" };
  await Deno.writeTextFile(inDir("bad.key"), "hello");
  const tcp = open.agent.addresses.find((address) => address.startsWith("tcp:")) ?? "";
  const [without, bad, overTcp, there] = await Promise.all([
    tryGatehouse(["admins", "list"], { env: bare }),
    tryGatehouse(["admins", "list", "--admin-key", inDir("bad.key")], { env }),
    tryGatehouse(["admins", "list", "--server", tcp, "--admin-key", inDir("owner.key")], { env }),
    tryGatehouse(["admins", "keygen", inDir("bad.key")], { env }),
  ]);
  expect(without.err).toMatch(/UNAUTHENTICATED.*\nNext: .*--admin-key FILE/s);
  expect(bad.err).toMatch(/no private key in PEM.*\nNext: .*keygen/s);
  expect(overTcp.err).toMatch(/VSOCK and Unix sockets only.*\nNext: /s);
  expect(there.err).toMatch(/is there already/);
  expect(await Deno.readTextFile(inDir("bad.key"))).toBe("hello");
}, 60_000);
