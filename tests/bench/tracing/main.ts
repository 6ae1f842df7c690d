// What tracing costs a call: CPU time of servers alike but for their tracing, at 8 connections with 32 streams, in turns.
// `deno task bench-tracing -- [groups] [rounds] [calls]`
// CPU time stands a busy machine better than rates do. The collector is this process.
import { join } from "node:path";
import { print, table } from "../../../src/cli/output.ts";
import { startCollector } from "../../lib/otlp_collector.ts";
import { startEchoChild } from "../echo_child.ts";

const SIDES = ["without", "off", "1%"] as const;
/** The issue's. */
const MOST = 0.1;
/** What a batch of spans that still waits will cost counts too. */
const SETTLE_MS = 1_200;

const [groups = 5, rounds = 15, calls = 20_000] = Deno.args.filter((one) => one !== "--").map(Number);

const start = (dir: string, side: string, otlp: string) =>
  startEchoChild(new URL("server.ts", import.meta.url), join(dir, `${side}.sock`), side, otlp);

const dir = await Deno.makeTempDir({ prefix: "gatehouse-tracing-" });
const collector = await startCollector(`unix://${dir}/otlp.sock`);
const costs = SIDES.map((): number[] => []);
try {
  for (let group = 0; group < groups; group++) {
    // Processes of their own each time: what the compiler made of one of them is chance.
    const servers = [];
    for (const side of SIDES) servers.push(await start(dir, side, collector.address));
    for (const server of servers) await server.load(10 * calls);
    const before = servers.map((server) => server.cpuUs());
    for (let round = 0; round < rounds; round++) {
      for (let at = 0; at < servers.length; at++) await servers[(at + round) % servers.length].load(calls);
    }
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    servers.forEach((server, at) => costs[at].push((server.cpuUs() - before[at]) / (rounds * calls)));
    for (const server of servers) await server.stop();
  }
} finally {
  await collector.close();
  await Deno.remove(dir, { recursive: true });
}
const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const rows = SIDES.map((side, at) => {
  const beside = costs[at].map((us, group) => us / costs[0][group] - 1);
  const percent = (part: number) => `${(part * 100).toFixed(1)}%`;
  if (median(beside) > MOST) Deno.exitCode = 1;
  const range = `${percent(Math.min(...beside))} to ${percent(Math.max(...beside))}`;
  return [side, median(costs[at]).toFixed(2), percent(median(beside)), range];
});
print(table([["tracing", "us a call", "beside without", "of the groups"], ...rows]));
print(`${collector.spans.length} spans came`);
Deno.exit();
