// Asking the edge: a good answer, and every way in which another process may fail to give one.
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { sumOf } from "../telemetry/prometheus_text.ts";
import { EdgeMetrics } from "./edge_metrics.ts";

let dir: string;
let socket: string;
let listener: Deno.UnixListener | undefined;
let asked = 0;
beforeEach(async () => {
  dir = await Deno.makeTempDir({ prefix: "gatehouse-metrics-" });
  socket = join(dir, "metrics.sock");
  asked = 0;
});
afterEach(async () => {
  listener?.close();
  listener = undefined;
  await Deno.remove(dir, { recursive: true });
});

/** Answers each connection with `answer`, then closes, unless it is to hang. */
function serve(answer: string, hang = false): void {
  const listening = Deno.listen({ transport: "unix", path: socket });
  listener = listening;
  void (async () => {
    for await (const conn of listening) {
      asked++;
      await conn.read(new Uint8Array(1_000));
      const bytes = new TextEncoder().encode(answer);
      try {
        for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
      } catch {
        // It had enough.
      }
      if (!hang) conn.close();
    }
  })();
}

const OK = "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n";

test("samples are read with their labels, and summed by them", async () => {
  serve(
    `${OK}# HELP x y\n# TYPE x gauge\nconnections{listen="tls://a:1",peer="b"} 3\n` +
      `connections{listen="tls://a:1",peer="c"} 4\nconnections{listen="tcp://a:2"} 1\nup{path="/a \\"}{\\\\"} 1\n`,
  );
  const samples = await new EdgeMetrics(socket).read();
  expect(sumOf(samples, "connections", { listen: "tls://a:1" })).toBe(7);
  expect(sumOf(samples, "connections")).toBe(8);
  expect(sumOf(samples, "up")).toBe(1);
  expect(sumOf(samples, "down")).toBeUndefined();
});

test("it is asked once a second at most, whoever asks us", async () => {
  serve(`${OK}up 1\n`);
  const time = { ms: 0 };
  const metrics = new EdgeMetrics(socket, () => time.ms);
  await Promise.all([metrics.read(), metrics.read(), metrics.read()]);
  expect(asked).toBe(1);
  time.ms = 1_000;
  await metrics.read();
  expect(asked).toBe(2);
});

test("a socket that isn't there is no answer", async () => {
  await expect(new EdgeMetrics(socket).read()).rejects.toThrow();
});

test("one that hangs is left after half a second", async () => {
  serve(OK, true);
  const began = performance.now();
  await expect(new EdgeMetrics(socket).read()).rejects.toThrow(/no answer within/);
  expect(performance.now() - began).toBeLessThan(5_000);
});

test.each([
  ["that never ends", OK + "x".repeat(200_000), /exceed/],
  ["with another status", "HTTP/1.0 500 Oh\r\n\r\nup 1\n", /no 200/],
  ["of another protocol", "PONG", /no 200/],
])("an answer %s is an error", async (_name, answer, error) => {
  serve(answer);
  await expect(new EdgeMetrics(socket).read()).rejects.toThrow(error);
});
