// Clients that mean harm, on real sockets, beside one that doesn't: it is always answered, and nothing is left behind.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { serviceDefinition } from "../../src/proto/mod.ts";
import { echoService } from "../../src/services/echo.ts";
import { type OpenGateway, openGateway } from "./open_gateway.ts";

/** For one good call beside an attack, on a busy machine. */
const GOOD_MS = 2_000;
const GET = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n";
const echoHead = (length: number) =>
  "POST /v1/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
  `Content-Length: ${length}\r\n\r\n`;
const ECHO_BODY = '{"payload":"x"}';
const text = new TextEncoder();

let open: OpenGateway;
const pace = { going: false };
let good: Promise<number[]>;
beforeEach(async () => {
  open = await openGateway((server) => {
    server.addService(serviceDefinition("echo.EchoService"), echoService(Date.now));
  }, "[limits]\nmax_connections = 300\nmax_connections_per_peer = 200\nhandshake_timeout_ms = 500\n");
  pace.going = true;
  good = goodCaller();
});
afterEach(async () => {
  pace.going = false;
  const times = await good;
  expect(times.length).toBeGreaterThan(0);
  expect(Math.max(...times)).toBeLessThan(GOOD_MS);
  await vi.waitFor(() => expect(open.connections()).toBe(0), 5_000);
  expect(open.calls()).toBe(0);
  expect(open.held.bytes).toBe(0);
  await open.close();
});

/** Calls on a connection of its own, one after the other. @returns how long each took, ms */
async function goodCaller(): Promise<number[]> {
  const client = Deno.createHttpClient({});
  const times: number[] = [];
  while (pace.going) {
    const sentMs = performance.now();
    const response = await fetch(`${open.url}/v1/echo`, {
      client,
      method: "POST",
      headers: { "content-type": "application/json" },
      body: ECHO_BODY,
    });
    expect(await response.json()).toMatchObject({ payload: "x" });
    expect(response.status).toBe(200);
    times.push(performance.now() - sentMs);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  client.close();
  return times;
}

const connect = () => {
  const { hostname, port } = new URL(open.url);
  return Deno.connect({ hostname, port: Number(port) });
};

async function write(conn: Deno.Conn, data: string): Promise<void> {
  const bytes = text.encode(data);
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

/** All that comes until the server closes. */
async function rest(conn: Deno.Conn): Promise<string> {
  let all = "";
  const buffer = new Uint8Array(65_536);
  try {
    for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
      all += new TextDecoder().decode(buffer.subarray(0, n));
    }
  } catch {
    // A reset is an end too.
  }
  conn.close();
  return all;
}

const many = <T>(count: number, run: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => run(index)));

describe("beside a good client", () => {
  test("heads that never end are cut after their time", async () => {
    const answers = await many(100, async (index) => {
      const conn = await connect();
      await write(conn, GET.slice(0, 10 + index % 30));
      return await rest(conn);
    });
    for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  });

  test("silent connections are closed without a word", async () => {
    const answers = await many(100, async () => await rest(await connect()));
    expect(new Set(answers)).toEqual(new Set([""]));
  });

  test("connections beyond the share of one peer are turned away, the others stay", async () => {
    // Each asks at once: a silent one is closed in half a second, which 260 may take on a slow machine.
    const conns = await many(260, async () => {
      const conn = await connect();
      await write(conn, GET).catch(() => {});
      return conn;
    });
    const answers = await many(260, async (index) => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      const buffer = new Uint8Array(200);
      const length = await conns[index].read(buffer).catch(() => null);
      conns[index].close();
      return length === null ? "" : new TextDecoder().decode(buffer.subarray(0, length)).slice(9, 12);
    });
    const served = answers.filter((code) => code === "200").length;
    expect(served).toBeGreaterThan(50);
    // The good one has a place too.
    expect(served).toBeLessThan(200);
    expect(answers).toContain("503");
  });

  test("clients that vanish anywhere leave nothing", async () => {
    const request = GET.repeat(3) + echoHead(ECHO_BODY.length) + ECHO_BODY + echoHead(100_000) + "{";
    await many(150, async (index) => {
      const conn = await connect();
      await write(conn, request.slice(0, Math.ceil(request.length * (index + 1) / 150)));
      if (index % 3 === 0) await new Promise((resolve) => setTimeout(resolve, index % 20));
      conn.close();
    });
  });

  test("large bodies that stop are held no longer than their clients stay", async () => {
    const conns = await many(40, async () => {
      const conn = await connect();
      await write(conn, echoHead(2_000_000) + '{"payload":"' + "x".repeat(500_000));
      return conn;
    });
    await vi.waitFor(() => expect(open.held.bytes).toBeGreaterThan(10_000_000), 10_000);
    for (const conn of conns) conn.close();
    await vi.waitFor(() => expect(open.held.bytes).toBeLessThan(1_000), 10_000);
  });

  test("answers that nobody reads stop being made", async () => {
    const conns = await many(20, async () => {
      const conn = await connect();
      // Each is 100 KiB and more; what the kernel and we take is bounded, so that the pipeline stands.
      await write(conn, GET.repeat(8));
      return conn;
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (const conn of conns) conn.close();
  });

  test("pipelines without end are cut", async () => {
    const answers = await many(20, async () => {
      const conn = await connect();
      void write(conn, GET.repeat(2_000)).catch(() => {});
      return await rest(conn);
    });
    for (const answer of answers) expect((answer.match(/HTTP\/1\.1 200/g) ?? []).length).toBeLessThan(20);
  });

  test("header floods, bad chunks and other protocols are refused one by one", async () => {
    const attacks = [
      `GET / HTTP/1.1\r\nHost: x\r\n${"a: b\r\n".repeat(3_000)}\r\n`,
      `GET / HTTP/1.1\r\nHost: x\r\nA: ${"b".repeat(100_000)}\r\n\r\n`,
      `POST /v1/echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`,
      "POST /v1/echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
      "CONNECT evil:80 HTTP/1.1\r\nHost: evil:80\r\n\r\n",
      "GET http://evil/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ];
    const answers = await many(attacks.length * 10, async (index) => {
      const conn = await connect();
      await write(conn, attacks[index % attacks.length]).catch(() => {});
      return await rest(conn);
    });
    for (const answer of answers) expect(answer).not.toMatch(/^HTTP\/1\.1 [23]/);
  });
});
