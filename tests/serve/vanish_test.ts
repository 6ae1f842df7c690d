// Clients that vanish in the middle of a call, 1,000 of them, h2load killed with
// -9 among them: the agent goes on and keeps nothing of them.
import { afterAll, beforeAll, expect, test } from "vitest";
import { gatehouseJson } from "../lib/command.ts";
import { concat, FRAME, frame, grpcRequest, message, PREFACE } from "../lib/raw_http2.ts";
import { residentBytes, type Serving, startServe } from "../lib/serve.ts";
import { h2load } from "../lib/tools.ts";

const VANISHING = 1_000;
/** After a thousand vanished clients the process may be this much larger: caches, not connections. */
const MAX_GROWTH_BYTES = 80 * 1024 * 1024;

let serving: Serving;
beforeAll(async () => {
  serving = await startServe('[log]\ncalls = "off"\n');
}, 120_000);
afterAll(() => serving.stop());

const alive = async () =>
  expect(
    (await gatehouseJson<{ payload_bytes: number }>(["echo", "alive", "--server", serving.tcp]))
      .payload_bytes,
  ).toBe(5);

test("1,000 connections that vanish in mid-call leave the agent serving", async () => {
  const [hostname, port] = serving.hostPort.split(":");
  const whole = message(Uint8Array.of(10, 2, 104, 105));
  const opening = concat(
    PREFACE,
    frame(FRAME.SETTINGS, 0, 0),
    frame(FRAME.HEADERS, 4, 1, grpcRequest("/crypto.CryptoService/Sign")),
  );
  const before = await residentBytes(serving.pid);
  for (let i = 0; i < VANISHING; i++) {
    const conn = await Deno.connect({ hostname, port: Number(port) });
    // Cut at a place that changes: in the preface, in the headers, in the message, after it.
    const bytes = concat(opening, frame(FRAME.DATA, 1, 1, whole));
    await conn.write(bytes.subarray(0, 1 + (i * 37) % bytes.length));
    conn.close();
  }
  await alive();
  expect(await residentBytes(serving.pid) - before).toBeLessThan(MAX_GROWTH_BYTES);
}, 60_000);

test("h2load killed with -9 in the middle leaves the agent serving", async (context) => {
  const tool = await h2load();
  if ("reason" in tool) return context.skip(tool.reason);
  const body = `${serving.dir}/echo.bin`;
  await Deno.writeFile(body, message(Uint8Array.of(10, 2, 104, 105)));
  for (let round = 0; round < 3; round++) {
    const load = new Deno.Command(tool.path, {
      args: [
        ...["-c", "20", "-m", "50", "-n", "5000000", "-d", body],
        ...["-H", "content-type: application/grpc", "-H", "te: trailers"],
        `http://${serving.hostPort}/echo.EchoService/Echo`,
      ],
      stdout: "null",
      stderr: "null",
    }).spawn();
    await new Promise((resolve) => setTimeout(resolve, 700));
    load.kill("SIGKILL");
    const { signal } = await load.status;
    expect(signal).toBe("SIGKILL"); // it was in the middle, not done
    await alive();
  }
}, 60_000);
