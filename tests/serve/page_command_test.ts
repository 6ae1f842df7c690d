// `gatehouse page` as a process: a port of loopback for a gateway's Unix socket, its end by Ctrl-C, and what it says
// where there is no gateway. What stands for the gateway here is Deno's own HTTP server.
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { newAuthority, newLeaf } from "../../src/pki/profile.ts";
import { tryGatehouse } from "../lib/command.ts";

const DAY_MS = 86_400_000;

let dir: string;
let socket: string;
let gateway: { shutdown(): Promise<void> } | undefined;
beforeEach(async () => {
  dir = await Deno.makeTempDir({ prefix: "gatehouse-page-" });
  socket = join(dir, "http.sock");
});
afterEach(async () => {
  await gateway?.shutdown();
  gateway = undefined;
  await Deno.remove(dir, { recursive: true });
});

function serveAt(path: string): void {
  gateway = Deno.serve({ path, onListen: () => {} }, told);
}

async function told(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  return new Response(`${request.method} ${pathname} ${await request.text()}`);
}

/** Like serveAt(), by TLS. @returns its address, and the file of its authority */
async function serveByTls(): Promise<[string, string]> {
  const validity = { notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + DAY_MS) };
  const authority = await newAuthority("page", validity);
  const names = ["ip:127.0.0.1"];
  const leaf = await newLeaf(authority, { ...validity, commonName: "gate", names, use: "server" });
  const server = Deno.serve(
    {
      hostname: "127.0.0.1",
      port: 0,
      cert: leaf.certificatePem,
      key: leaf.privateKeyPem,
      onListen: () => {},
    },
    told,
  );
  gateway = server;
  const ca = join(dir, "ca.pem");
  await Deno.writeTextFile(ca, authority.certificatePem);
  return [`tls://127.0.0.1:${server.addr.port}`, ca];
}

/** All that comes for one GET with this Host. */
async function asked(url: string, host: string): Promise<string> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(url).port) });
  const request = `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
  await conn.write(new TextEncoder().encode(request));
  return await new Response(conn.readable).text();
}

/** Runs until `stop`; what it printed first, which is one JSON value. */
async function startPage(...args: string[]) {
  const child = new Deno.Command("./gatehouse", {
    args: ["page", "--json", ...args],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("}")) {
    const { value, done } = await reader.read();
    if (done) throw new Error("it ended before it was ready");
    text += value;
  }
  return {
    said: JSON.parse(text) as { url: string; listening: string; to: string },
    async stop(signal: "SIGINT" | "SIGTERM"): Promise<number> {
      child.kill(signal);
      const { code } = await child.status;
      await reader.cancel();
      return code;
    },
  };
}

test.each(["SIGINT", "SIGTERM"] as const)(
  "a browser reaches the gateway by the port until %s, which ends it cleanly",
  async (signal) => {
    serveAt(socket);
    const page = await startPage("--server", `unix://${socket}`);
    expect(page.said).toMatchObject({ to: `unix://${socket}` });
    expect(page.said.url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d+\/$/);
    expect(page.said.listening).toBe(page.said.url.replace("http:", "tcp:").replace(/\/$/, ""));
    expect(await (await fetch(page.said.url)).text()).toBe("GET / ");
    const sent = await fetch(new URL("v1/echo", page.said.url), {
      method: "POST",
      body: "x".repeat(100_000),
    });
    expect((await sent.text()).length).toBe("POST /v1/echo ".length + 100_000);
    const held = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(page.said.url).port) });
    expect(await page.stop(signal)).toBe(0);
    expect(await held.read(new Uint8Array(1)).catch(() => null)).toBeNull();
    held.close();
    await expect(fetch(page.said.url)).rejects.toThrow();
  },
  20_000,
);

test.each(["tls", "unix"])(
  "a name that DNS could have pointed here isn't passed on, by %s: nobody behind could tell",
  async (transport) => {
    let args = [`unix://${socket}`];
    if (transport === "tls") {
      const [address, ca] = await serveByTls();
      args = [address, "--ca", ca];
    } else serveAt(socket);
    const page = await startPage("--server", ...args);
    const { port } = new URL(page.said.url);
    for (const name of ["127.0.0.1", "localhost", "[::1]"]) {
      expect(await asked(page.said.url, `${name}:${port}`)).toMatch(/^HTTP\/1\.1 200 [^]*GET \/ $/);
    }
    const evil = await asked(page.said.url, `evil.example:${port}`);
    expect(await page.stop("SIGTERM")).toBe(0);
    expect(evil).toMatch(/^HTTP\/1\.1 421 [^]*DNS rebinding/);
  },
  20_000,
);

test.each([
  ["0.0.0.0:0", /other machines could reach it/],
  ["unix:///tmp/page.sock", /no browser dials that/],
])("it listens on loopback alone: %s", async (listen, reason) => {
  const { code, err } = await tryGatehouse(["page", "--listen", listen, "--server", `unix://${socket}`]);
  expect([code, err]).toEqual([1, expect.stringMatching(reason)]);
  expect(err).toMatch(/Next: listen on 127\.0\.0\.1:PORT/);
}, 20_000);

test("what isn't there, or speaks no HTTP/1.1, is told before a port is open", async () => {
  const run = () => tryGatehouse(["page", "--server", `unix://${socket}`]);
  expect((await run()).err).toContain(socket);
  const other = Deno.listen({ transport: "unix", path: socket });
  void (async () => {
    for await (const conn of other) {
      // SETTINGS, with which HTTP/2 begins.
      await conn.write(Uint8Array.of(0, 0, 0, 4, 0, 0, 0, 0, 0));
      conn.close();
    }
  })();
  const { code, err } = await run();
  expect([code, err]).toEqual([1, expect.stringContaining("answers otherwise than by HTTP/1.1")]);
  other.close();
}, 20_000);
