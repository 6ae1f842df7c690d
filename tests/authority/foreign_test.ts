// A proof by another implementation: what access.proto says is enough to make one.
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { keyPair } from "../../src/authority/authority_testkit.ts";
import { messageType, Role, type WhoAmIResponse } from "../../src/proto/mod.ts";
import { run, runOk } from "../lib/command.ts";
import { grpcioPython } from "../lib/tools.ts";
import { type Open, openAgent } from "./agent.ts";

const place = vi.hoisted(() => ({ dir: "" }));
vi.mock("../../src/transport/listen.ts", async () => {
  const { listenWithVsock } = await import("./vsock_listener.ts");
  return await listenWithVsock(() => `${place.dir}/vsock.sock`);
});

const python = await grpcioPython();
const script = fileURLToPath(new URL("prove.py", import.meta.url));

let open: Open;
beforeAll(async () => {
  place.dir = await Deno.makeTempDir({ prefix: "gatehouse-foreign-" });
  open = await openAgent(place.dir);
}, 30_000);
afterAll(async () => {
  await open.close();
  await Deno.remove(place.dir, { recursive: true });
});

test(
  "C-core with openssl's signature is the administrator, and with another key nobody",
  async ({ skip }) => {
    if ("reason" in python) return skip(python.reason);
    if ((await run("sh", ["-c", "command -v openssl"])).code !== 0) return skip("openssl is missing");
    const prove = async (key: typeof open.owner, method: string) => {
      const file = join(place.dir, "foreign.key");
      await Deno.writeTextFile(file, String(key.privateKey.export({ type: "pkcs8", format: "pem" })));
      const target = `unix:${join(place.dir, "agent.sock")}`;
      return (await runOk(python.path, [script, target, file, method, ""])).trim();
    };
    const WHO = "/gatehouse.v1.Access/WhoAmI";
    const who = messageType<object, WhoAmIResponse>("gatehouse.v1.WhoAmIResponse");
    const told = who.deserialize(Buffer.from(await prove(open.owner, WHO), "hex"));
    expect(told).toMatchObject({ identity: "admin:owner", role: Role.ADMIN, transport: "unix" });
    expect(await prove(keyPair(), WHO)).toBe("UNAUTHENTICATED");
  },
  60_000,
);
