// `gatehouse bench` as a user runs it, against a real agent and signer: services, transports, processes, reports.
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { BenchReport } from "../../src/bench/document.ts";
import { REPO_ROOT } from "../../src/cli/root.ts";
import { Server } from "../../src/grpc/server.ts";
import { listen, parseAddress } from "../../src/transport/mod.ts";
import { gatehouse, gatehouseJson, tryGatehouse } from "../lib/command.ts";
import { type Serving, startServe } from "../lib/serve.ts";

const BRIEF = ["--duration", "400ms", "--warmup", "100ms"];

let serving: Serving;
beforeAll(async () => {
  serving = await startServe('[log]\ncalls = "off"\n');
}, 120_000);
afterAll(() => serving.stop());

const bench = (...args: string[]) => gatehouseJson<BenchReport>(["bench", ...args]);

test("all services over TCP: calls, no errors, percentiles in order", async () => {
  const report = await bench("--server", serving.tcp, "--service", "all", ...BRIEF);
  expect(report.services.map(({ service }) => service)).toEqual(["echo", "rsa_sign", "ecc_sign"]);
  for (const { ok, failed, errors, rate, latency_us } of report.services) {
    expect(errors).toEqual({});
    expect([failed, ok > 10, rate > 10]).toEqual([0, true, true]);
    const { p50, p90, p99, p99_9, p99_99, max } = latency_us!;
    expect([p50, p90, p99, p99_9, p99_99, max].toSorted((a, b) => a - b)).toEqual([
      p50,
      p90,
      p99,
      p99_9,
      p99_99,
      max,
    ]);
    expect(p50).toBeGreaterThan(0);
  }
}, 30_000);

test("two processes over a Unix socket make exactly the asked calls, at the asked rate", async () => {
  const { services: [echo] } = await bench(
    ...["--server", serving.unix, "--connections", "3", "--streams", "8", "--processes", "2"],
    ...["--rate", "500", "--requests", "251", "--warmup", "100ms"],
  );
  expect(echo).toMatchObject({ calls: 251, ok: 251, errors: {} });
  expect(echo.elapsed_s).toBeGreaterThan(0.501);
  expect(echo.elapsed_s).toBeLessThan(2);
  expect(echo.late_starts).not.toBeNull();
}, 30_000);

test("a report written with --output is compared with another one", async () => {
  const [a, b] = ["a.json", "b.json"].map((name) => join(serving.dir, name));
  const text = await gatehouse([
    "bench",
    "--server",
    serving.unix,
    "--output",
    a,
    "--streams",
    "4",
    ...BRIEF,
  ]);
  expect(text).toMatch(/echo +\d+ +0 /);
  // The seed's environment names, and its form of an address.
  const env = {
    SERVER_ADDR: serving.hostPort,
    CONNECTIONS: "2",
    THREADS: "2",
    RATE_LIMIT: "20",
    DURATION: "300ms",
    BENCHMARK_OUTPUT: b,
  };
  await gatehouse(["bench", "--warmup", "0"], { env });
  const comparison = await gatehouseJson<{ differences: string[] }>(["bench", "--compare", a, b]);
  expect(comparison.differences).toContain("connections: 8 | 2");
  expect(comparison.differences).toContain("rate: none | 20");
  expect(comparison.differences).toContain("processes: 1 | 2");
  const same = await tryGatehouse(["bench", "--compare", a, a, "--fail-if-slower", "0"]);
  expect([same.code, same.err]).toEqual([0, ""]);
  const slower = JSON.parse(await Deno.readTextFile(a)) as BenchReport;
  slower.services[0].rate /= 2;
  await Deno.writeTextFile(b, JSON.stringify(slower));
  const judged = await tryGatehouse(["bench", "--compare", a, b, "--fail-if-slower", "10"]);
  expect([judged.code, judged.err]).toEqual([1, "slower: echo: rate is 50.0% worse, 10% is allowed\n"]);
  const noReport = await tryGatehouse(["bench", "--compare", a, join(serving.dir, "gatehouse.toml")]);
  expect(noReport.code).toBe(1);
  expect(noReport.err).toMatch(/gatehouse\.toml: no JSON/);
}, 60_000);

test(
  "calls that the server refuses are shown by status, and end in exit code 1 when none was good",
  async () => {
    const server = new Server();
    const listener = await listen(parseAddress(`unix://${serving.dir}/empty.sock`));
    const serves = server.serve(listener);
    const refused = await tryGatehouse(
      ["bench", "--server", listener.address, "--requests", "3", "--warmup", "0"],
    );
    await server.shutdown(100);
    await serves;
    expect(refused.code).toBe(1);
    expect(refused.out).toMatch(/echo +3 +3 +0 +- /);
    expect(refused.out).toMatch(/echo: 3 x UNIMPLEMENTED, the first: /);
    const unreachable = await tryGatehouse([
      "bench",
      "--server",
      `unix://${serving.dir}/none`,
      "--processes",
      "2",
    ]);
    expect(unreachable.code).toBe(1);
    expect(unreachable.err).toMatch(/UNAVAILABLE: No connection established/);
  },
  30_000,
);

test("Ctrl-C prints what was measured and ends with 130, in several processes too", async () => {
  for (const processes of ["1", "2"]) {
    const child = new Deno.Command(`${REPO_ROOT}/gatehouse`, {
      args: [
        "bench",
        "--server",
        serving.tcp,
        "--processes",
        processes,
        "--duration",
        "1h",
        "--warmup",
        "0",
        "--json",
      ],
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    // The first progress line says that calls run.
    const reader = child.stderr.getReader();
    await reader.read();
    reader.releaseLock();
    child.kill("SIGINT");
    const { code, stdout } = await child.output();
    expect(code).toBe(130);
    const report = JSON.parse(new TextDecoder().decode(stdout)) as BenchReport;
    expect(report.interrupted).toBe(true);
    expect(report.services[0].ok).toBeGreaterThan(0);
    expect(report.services[0].errors).toEqual({});
  }
}, 60_000);

test("Ctrl-C ends it while a server that says nothing is waited for", async () => {
  const path = `${serving.dir}/silent.sock`;
  const silent = Deno.listen({ transport: "unix", path });
  const child = new Deno.Command(`${REPO_ROOT}/gatehouse`, {
    args: ["bench", "--server", `unix://${path}`, "--json"],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const conn = await silent.accept();
  const started = performance.now();
  child.kill("SIGINT");
  const { code, stdout } = await child.output();
  expect(code).toBe(130);
  expect(performance.now() - started).toBeLessThan(3_000);
  expect(JSON.parse(new TextDecoder().decode(stdout))).toMatchObject({ interrupted: true, services: [] });
  conn.close();
  silent.close();
}, 30_000);
