// The gateway while its agent's configuration changes: addresses come and go, calls under way don't notice.
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Open, openAgent } from "../authority/agent.ts";
import { ask, type Gate, gateAt, proofHeader } from "./http_request.ts";

const place = vi.hoisted(() => ({ dir: "" }));
vi.mock("../../src/transport/listen.ts", async () => {
  const { listenWithVsock } = await import("../authority/vsock_listener.ts");
  return await listenWithVsock(() => `${place.dir}/vsock.sock`);
});

let open: Open;
let unix: Gate;
beforeAll(async () => {
  place.dir = await Deno.makeTempDir({ prefix: "gatehouse-changes-" });
  open = await openAgent(place.dir);
  unix = gateAt(`unix://${place.dir}/http.sock`);
}, 30_000);
afterAll(async () => {
  unix.client.close();
  await open.close();
  await Deno.remove(place.dir, { recursive: true });
});

const admin = async (line: string, body?: string) => ({
  "gatehouse-proof": await proofHeader(unix, open.owner.proving, line, body),
});

/** Applies what `change` makes of the configuration in force. */
async function apply(change: (toml: string) => string): Promise<void> {
  const { value } = await ask(unix, "/v1/config", { headers: await admin("GET /v1/config") });
  const body = JSON.stringify({
    toml: change(value.toml),
    expectedVersion: value.version,
  });
  const line = "POST /v1/config:apply";
  const answer = await ask(unix, line.slice(5), { body, headers: await admin(line, body) });
  expect(answer.value, JSON.stringify(answer.value)).not.toHaveProperty("code");
}

test("an address comes while the agent runs, and goes with its connections", async () => {
  const socket = `unix://${place.dir}/more.sock`;
  await apply((toml) => toml.replace("[gateway]\naddresses = [", `[gateway]\naddresses = ["${socket}", `));
  const more = gateAt(socket);
  expect((await ask(more, "/v1/access:whoAmI")).value).toMatchObject({ identity: "unix" });
  await apply((toml) => toml.replace(`"${socket}", `, ""));
  await expect(ask(more, "/v1/access:whoAmI")).rejects.toThrow();
  expect((await ask(unix, "/v1/access:whoAmI")).code).toBe(200);
  more.client.close();
});

test("another generation of the server fails no call, on connections that stay", async () => {
  const codes = new Map<number, number>();
  const pace = { going: true };
  const big = "x".repeat(300_000);
  const callers = Array.from({ length: 4 }, async (_, index) => {
    const gate = gateAt(`unix://${place.dir}/http.sock`);
    while (pace.going) {
      const body = JSON.stringify({ payload: index === 0 ? big : "x" });
      const { code } = await ask(gate, "/v1/echo", { body });
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    gate.client.close();
  });
  for (let i = 0; i < 4; i++) {
    // So that calls are under way when the next one comes.
    await new Promise((resolve) => setTimeout(resolve, 100));
    await apply((toml) =>
      `${
        toml.replace(/\n\[limits\]\nmax_concurrent_streams = \d+\n/, "")
      }\n[limits]\nmax_concurrent_streams = ${101 + i}\n`
    );
  }
  pace.going = false;
  await Promise.all(callers);
  expect([...codes.keys()]).toEqual([200]);
  expect(codes.get(200)).toBeGreaterThan(20);
}, 30_000);

test("the page, hosts and origins are those of the configuration in force", async () => {
  const page = await ask(unix, "/");
  expect(page.code).toBe(200);
  const other = { origin: "https://console.example", host: "localhost" };
  expect((await ask(unix, "/v1/access:whoAmI", { headers: other })).code).toBe(403);
  await apply((toml) =>
    toml.replace("[gateway]\n", '[gateway]\npage = false\ncors_origins = ["https://console.example"]\n')
  );
  expect((await ask(unix, "/")).code).toBe(404);
  const allowed = await ask(unix, "/v1/access:whoAmI", { headers: other });
  expect(allowed.code).toBe(200);
  expect(allowed.headers.get("access-control-allow-origin")).toBe("https://console.example");
});

test("status shows where it answers", async () => {
  const headers = await admin("GET /v1/status");
  const { value } = await ask(unix, "/v1/status", { headers });
  const shown = value.transports.map(({ address, protection }: { address: string; protection: string }) =>
    `${address} ${protection}`
  );
  expect(shown).toContain(`unix://${place.dir}/http.sock local, HTTP`);
  expect(shown).toContain("tls://127.0.0.1:0 mutual TLS, HTTP");
  expect(shown).toContain("vsock://any:50080 local, HTTP");
});
