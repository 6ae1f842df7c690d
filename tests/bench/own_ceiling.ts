// How far `gatehouse bench` goes by itself, one process on one core, beside h2load on the same servers.
// Run it on a quiet machine: `deno task bench-ceiling -- [rounds] [seconds]`. The calls a CPU second stand noise better than rates.
import type { BenchReport } from "../../src/bench/document.ts";
import { note, print, table } from "../../src/cli/output.ts";
import { CACHE_DIR, REPO_ROOT } from "../../src/cli/root.ts";
import { runOk } from "../lib/command.ts";
import { h2loadArgv } from "./h2load.ts";
import { pinned } from "./machine.ts";
import { type RunningServer, startServer } from "./server.ts";
import { buildNative, sides } from "./sides.ts";

const COLUMN = { connections: 8, streams: 32 };
const SERVERS = ["tonic", "engine"];

interface Figures {
  readonly rate: number;
  /** Calls for each second of CPU that the client's process used: its rate if nothing else held it up. */
  readonly callsPerCpuSecond: number;
}

async function ours(server: RunningServer, seconds: number): Promise<Figures> {
  const { connections, streams } = COLUMN;
  const [program, ...args] = pinned("generator", [
    ...[`${REPO_ROOT}/gatehouse`, "bench", "--json", "--server", `tcp://${server.address("tcp")}`],
    ...["--connections", String(connections), "--streams", String(streams)],
    ...["--duration", `${seconds}s`, "--warmup", "2s"],
  ]);
  const { services: [echo] } = JSON.parse(await runOk(program, args)) as BenchReport;
  return { rate: echo.rate, callsPerCpuSecond: echo.rate / echo.client_cpu };
}

async function h2load(server: RunningServer, seconds: number, dir: string): Promise<Figures> {
  const argv = await h2loadArgv(server, COLUMN, seconds, dir);
  // POSIX `times`: its second line is the children's user and system time.
  const out = await runOk("sh", ["-c", '"$@"; times', "sh", ...argv]);
  const done = Number(/(\d+) done/.exec(out)?.[1]);
  const rate = Number(/finished in [^,]*, ([\d.]+) req\/s/.exec(out)?.[1]);
  const [, ...cpu] = /(\d+)m([\d.]+)s (\d+)m([\d.]+)s\s*$/.exec(out)?.map(Number) ?? [];
  const cpuSeconds = cpu[0] * 60 + cpu[1] + cpu[2] * 60 + cpu[3];
  return { rate, callsPerCpuSecond: done / cpuSeconds };
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1];

async function measure(name: string, rounds: number, seconds: number, dir: string): Promise<string[]> {
  const side = sides.find((one) => one.name === name);
  if (side === undefined) throw new Error(`no side ${name}`);
  await side.build();
  const server = await startServer(side, `${dir}/${name}`);
  try {
    const pairs: [Figures, Figures][] = [];
    for (let round = 0; round < rounds; round++) {
      note(`${name}: round ${round + 1} of ${rounds}`);
      pairs.push([await ours(server, seconds), await h2load(server, seconds, dir)]);
    }
    // The ratio of each round, whose two halves the machine's other work hits alike; then the median.
    const ratio = (of: (figures: Figures) => number) =>
      median(pairs.map(([one, other]) => of(one) / of(other))).toFixed(2);
    const of = (at: 0 | 1) => Math.round(median(pairs.map((pair) => pair[at].rate))).toLocaleString("en-US");
    return [name, of(0), of(1), ratio(({ rate }) => rate), ratio(({ callsPerCpuSecond: calls }) => calls)];
  } finally {
    await server.stop();
  }
}

const [rounds = 5, seconds = 5] = Deno.args.filter((arg) => arg !== "--").map(Number);
await Deno.mkdir(`${CACHE_DIR}/bench`, { recursive: true });
await buildNative();
const dir = await Deno.makeTempDir({ prefix: "gatehouse-ceiling-" });
try {
  const rows = [["server", "bench/s", "h2load/s", "rate ratio", "calls a CPU second, ratio"]];
  for (const name of SERVERS) rows.push(await measure(name, rounds, seconds, dir));
  print(table(rows));
} finally {
  await Deno.remove(dir, { recursive: true });
}
