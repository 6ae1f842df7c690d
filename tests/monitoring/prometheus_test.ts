// Debian's Prometheus reads a real agent through its edge by the files of monitoring/, as `up --monitoring` starts it.
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { choosePort } from "../../src/vm/allot.ts";
import { findByArgument } from "../../src/vm/process.ts";
import { startPrometheus, stopPrometheus } from "../../src/vm/prometheus.ts";
import { gatehouse } from "../lib/command.ts";
import { REPO_ROOT } from "../../src/cli/root.ts";
import { type Serving, startServe } from "../lib/serve.ts";
import { dashboardQueries } from "./files.ts";

let dir: string;
let serving: Serving;
let prometheus: string;
let target: string;
/** The gateway by plain TCP. */
let plain: string;

beforeAll(async () => {
  dir = await Deno.makeTempDir({ prefix: "gatehouse-monitoring-" });
  const taken = new Set<number>();
  const free = async () => {
    const port = await choosePort({ taken, first: 50_600 });
    taken.add(port);
    return `127.0.0.1:${port}`;
  };
  [target, plain] = [await free(), await free()];
  const config = `[gateway]\naddresses = ["tls://${target}", "tcp://${plain}"]\n`;
  serving = await startServe(config, { args: ["--tls"] });
  prometheus = await start();
}, 120_000);

afterAll(async () => {
  await stopPrometheus(dir);
  await serving?.stop();
  await Deno.remove(dir, { recursive: true });
});

const start = () =>
  startPrometheus({ dir, repoRoot: REPO_ROOT, target, files: serving.tlsFiles, everySeconds: 1 });

interface Result {
  readonly metric: Readonly<Record<string, string>>;
}

async function ask<T>(path: string): Promise<T> {
  const answer = await fetch(`${prometheus}/api/v1/${path}`);
  const { status, data, error } = await answer.json();
  expect(status, `${path}: ${error}`).toBe("success");
  return data;
}

const query = async (expr: string) =>
  (await ask<{ result: Result[] }>(`query?query=${encodeURIComponent(expr)}`)).result;

it("is read by TLS, with a certificate, as OpenMetrics", async () => {
  await expect.poll(() => query('up{job="gatehouse"} == 1'), { timeout: 20_000 }).toHaveLength(1);
  const { activeTargets: [own] } = await ask<
    { activeTargets: { scrapeUrl: string; lastError: string }[] }
  >("targets");
  expect(own).toMatchObject({ scrapeUrl: `https://${target}/metrics`, lastError: "" });
  const metadata = await ask<Record<string, { type: string; help: string }[]>>("metadata");
  // OpenMetrics has a counter's type under the name without its suffix, which only that text lets it have.
  expect(Object.keys(metadata)).toContain("grpc_server_handled");
  expect(metadata.gatehouse_signer_up[0]).toMatchObject({
    type: "gauge",
    help: "1 while the signer answers.",
  });
}, 30_000);

it("answers every query of the dashboard, and most with something", async () => {
  await gatehouse(["echo", "hello", "--server", serving.tcp]);
  await gatehouse(["sign", "--server", serving.tcp, join(REPO_ROOT, "deno.json")]);
  const empty = async () => {
    const titles = [];
    for (const { title, expr } of dashboardQueries()) {
      if ((await query(expr)).length === 0) titles.push(title);
    }
    return titles;
  };
  // What never occurred here has no series.
  const without = [
    "Calls a second that ended otherwise than well",
    "Refusals a second by limit",
    "Denials a second by rule",
    "Connections that ended by an error, a second",
    "Refusals of the signer, a second",
    "Handshakes a second",
    "Events",
  ];
  await expect.poll(async () => (await empty()).filter((title) => !without.includes(title)), {
    timeout: 30_000,
    interval: 1_000,
  }).toEqual([]);
}, 60_000);

it("works out every rule, and none of them fires", async () => {
  interface Rule {
    readonly name: string;
    readonly health: string;
    readonly state: string;
    readonly lastError?: string;
  }
  const rules = async () => {
    const { groups } = await ask<{ groups: { rules: Rule[] }[] }>("rules");
    return groups.flatMap((group) => group.rules);
  };
  await expect.poll(async () => (await rules()).filter(({ health }) => health !== "ok"), {
    timeout: 15_000,
  }).toEqual([]);
  const all = await rules();
  expect(all.length).toBeGreaterThan(15);
  expect(all.filter(({ state }) => state === "firing")).toEqual([]);
}, 30_000);

it("is one for each appliance, keeps its port and ends when it is told to", async () => {
  expect(await start()).toBe(prometheus);
  expect(findByArgument("prometheus", dir)).toHaveLength(1);
  await stopPrometheus(dir);
  expect(findByArgument("prometheus", dir)).toEqual([]);
}, 60_000);

it("refuses the metrics to who comes without a certificate, or by plain TCP", async () => {
  await expect(fetch(`https://${target}/metrics`)).rejects.toThrow();
  const answer = await fetch(`http://${plain}/metrics`);
  expect(answer.status).toBe(403);
  expect(await answer.text()).toContain("TRANSPORT_NEVER");
});
