// What stands in the edge's directory after each change, for whom it can be read, and that a change which the edge
// doesn't take is undone there. The edge here is a metrics socket that says what the test wants.
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadConfig } from "../config/mod.ts";
import { silentLog } from "../config_store/testkit.ts";
import { EdgeApplier } from "./edge_applier.ts";

const TLS = { certificatePem: "certificate", privateKeyPem: "key", clientCaPem: "ca" };
const configOf = (...addresses: string[]) => withGateway([], ...addresses);
const withGateway = (gateway: string[], ...addresses: string[]) =>
  loadConfig(
    `[listen]\naddresses = ${JSON.stringify(addresses)}\ninsecure_tcp = true\n` +
      `[gateway]\naddresses = ${JSON.stringify(gateway)}\n`,
    "test",
  );
const back = "/run/back.sock";
const alpn = ["h2"];

let dir: string;
let applier: EdgeApplier;
let edge: Deno.UnixListener | undefined;
/** What the edge says of itself. */
let says: { taken: number; refused: number; open: number };
beforeEach(async () => {
  dir = await Deno.makeTempDir({ prefix: "gatehouse-edge-dir-" });
  says = { taken: 1, refused: 0, open: 1 };
  applier = new EdgeApplier(
    {
      dir: join(dir, "edge"),
      backSocket: "/run/back.sock",
      gatewayBackSocket: "/run/gateway.sock",
      metricsSocket: join(dir, "metrics.sock"),
      opensPlainTcp: true,
      groupReads: true,
    },
    silentLog.component("edge"),
    400,
  );
});
afterEach(async () => {
  edge?.close();
  edge = undefined;
  await Deno.remove(dir, { recursive: true });
});

function startEdge(): void {
  edge = Deno.listen({ transport: "unix", path: join(dir, "metrics.sock") });
  void (async (listener) => {
    for await (const conn of listener) {
      await conn.read(new Uint8Array(1_024));
      const text = `gatehouse_edge_config_loads_total{result="taken"} ${says.taken}\n` +
        `gatehouse_edge_config_loads_total{result="refused"} ${says.refused}\n` +
        `gatehouse_edge_listeners{state="open"} ${says.open}\n`;
      await conn.write(new TextEncoder().encode(`HTTP/1.0 200 OK\r\n\r\n${text}`));
      conn.close();
    }
  })(edge);
}

async function written(): Promise<Record<string, unknown>> {
  return JSON.parse(await Deno.readTextFile(join(dir, "edge/current/edge.json")));
}

/** The PEM text that edge.json names under `key`. */
async function part(key: string): Promise<string> {
  return await Deno.readTextFile(join(dir, "edge/current", String((await written())[key])));
}

describe("the edge's directory", () => {
  test("has addresses, sockets, limits and material, readable by the group and nobody else", async () => {
    await applier.apply(configOf("tls://[::]:50051", "tcp://localhost:50052", "vsock://any:1"), TLS);
    expect(await written()).toMatchObject({
      listen: [
        { address: "[::]:50051", tls: true, back, alpn },
        { address: "127.0.0.1:50052", tls: false, back },
      ],
      metrics: join(dir, "metrics.sock"),
      limits: { max_connections: 2048, max_connections_per_peer: 1024 },
    });
    expect(await Promise.all(["certificate", "private_key", "client_ca"].map(part))).toEqual([
      "certificate",
      "key",
      "ca",
    ]);
    expect(await written()).not.toHaveProperty("crl");
    const mode = async (path: string) => (await Deno.stat(join(dir, "edge", path))).mode! & 0o777;
    expect(await mode("1/private_key.pem")).toBe(0o640);
    expect(await mode("1")).toBe(0o750);
    expect(await mode("current/edge.json")).toBe(0o640);
  });

  test("has the gateway's addresses after gRPC's, with HTTP/1.1 and a socket of their own", async () => {
    const gateway = ["tls://[::]:50443", "vsock://any:50080", "tcp://127.0.0.1:50080"];
    await applier.apply(withGateway(gateway, "tls://[::]:50051"), TLS);
    expect((await written()).listen).toEqual([
      { address: "[::]:50051", tls: true, back, alpn },
      { address: "[::]:50443", tls: true, back: "/run/gateway.sock", alpn: ["http/1.1"] },
      { address: "127.0.0.1:50080", tls: false, back: "/run/gateway.sock" },
    ]);
    await applier.apply(withGateway(gateway, "tls://[::]:50051"), {});
    expect((await written()).listen).toEqual([
      { address: "127.0.0.1:50080", tls: false, back: "/run/gateway.sock" },
    ]);
  });

  test("names other files after each change, and keeps those before it only", async () => {
    for (const key of ["a", "b", "c", "d"]) {
      await applier.apply(configOf("tls://0.0.0.0:1"), { ...TLS, privateKeyPem: key, crlPem: "crl" });
    }
    expect([await part("private_key"), await part("crl")]).toEqual(["d", "crl"]);
    const names: string[] = [];
    for await (const { name } of Deno.readDir(join(dir, "edge"))) names.push(name);
    expect(names.sort()).toEqual(["3", "4", "current"]);
  });

  test("stays as it is when nothing of it changes", async () => {
    await applier.apply(configOf("tls://0.0.0.0:1"), TLS);
    await applier.apply(configOf("tls://0.0.0.0:1", "vsock://any:1"), { ...TLS });
    expect((await written()).certificate).toBe("../1/certificate.pem");
  });

  test("lists no TLS without material, and no material without TLS", async () => {
    await applier.apply(configOf("tls://0.0.0.0:1", "tcp://0.0.0.0:2"), {});
    expect(await written()).toMatchObject({ listen: [{ address: "0.0.0.0:2", tls: false, back }] });
    await applier.apply(configOf("tcp://0.0.0.0:2"), TLS);
    expect(await written()).not.toHaveProperty("private_key");
  });
});

describe("an edge that runs", () => {
  const one = [{ address: "0.0.0.0:1", tls: true, back, alpn }];
  const two = [...one, { address: "0.0.0.0:2", tls: true, back, alpn }];
  beforeEach(async () => {
    await applier.apply(configOf("tls://0.0.0.0:1"), TLS);
    startEdge();
  });

  test("is waited for", async () => {
    const change = applier.apply(configOf("tls://0.0.0.0:1", "tls://0.0.0.0:2"), TLS);
    let done = false;
    void change.then(() => done = true);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(done).toBe(false);
    says = { taken: 2, refused: 0, open: 2 };
    await change;
    expect(await written()).toMatchObject({ listen: two });
  });

  test.each<[what: string, then: Partial<typeof says>, message: RegExp]>([
    ["doesn't look", {}, /^it hasn't taken the new settings after 0\.4 s; its log says why$/],
    ["refuses it", { refused: 1 }, /^it refuses the new settings; its log/],
    ["can't listen", { taken: 2 }, /^it can't listen at all of 0\.0\.0\.0:1, 0\.0\.0\.0:2; its log/],
  ])("that %s makes the change undone", async (_what, then, message) => {
    const change = applier.apply(configOf("tls://0.0.0.0:1", "tls://0.0.0.0:2"), TLS);
    const changed = setTimeout(() => says = { ...says, ...then }, 50);
    await expect(change).rejects.toThrow(message);
    clearTimeout(changed);
    expect(await written()).toMatchObject({ listen: one });
  });

  test("isn't waited for when it doesn't answer: it reads the file when it comes", async () => {
    edge?.close();
    edge = undefined;
    await applier.apply(configOf("tls://0.0.0.0:2"), TLS);
    expect(await written()).toMatchObject({ listen: [{ address: "0.0.0.0:2", tls: true, back, alpn }] });
  });
});

test("names that would have to be looked up are refused, and so are the edge's own sockets as a proxy's", async () => {
  const config = loadConfig(
    '[listen]\naddresses = ["tls://gate.example:7"]\nproxied = ["unix:///run/back.sock", "unix:///run/gateway.sock"]\n' +
      '[gateway]\naddresses = ["tls://gate.example:8"]\n',
    "test",
  );
  expect(await applier.check(config)).toEqual([
    expect.stringMatching(
      /IP addresses only, not at tls:\/\/gate\.example:7; write one, like tls:\/\/0\.0\.0\.0:7/,
    ),
    expect.stringMatching(/only, not at tls:\/\/gate\.example:8;/),
    expect.stringMatching(/^unix:\/\/\/run\/back\.sock is the edge's own socket/),
    expect.stringMatching(/^unix:\/\/\/run\/gateway\.sock is the edge's own socket/),
  ]);
});
