// What counting costs a call: CPU time of a server whose calls are counted beside one whose calls are not, at 8
// connections with 32 streams, in turns. `deno task bench-metrics -- [pairs] [rounds] [calls]`
// CPU time stands a busy machine better than rates do; the ratio of each turn's two halves, then their median.
import { join } from "node:path";
import { print, table } from "../../../src/cli/output.ts";
import { Channel } from "../../../src/grpc/channel.ts";
import { unary } from "../../../src/grpc/client.ts";
import { type EchoRequestInit, type EchoResponse, methodAt } from "../../../src/proto/mod.ts";
import { dialer } from "../../../src/transport/dial.ts";
import { pinned } from "../machine.ts";

const CONNECTIONS = 8;
const STREAMS = 32;
const SIDES = ["plain", "counted"] as const;
type SideName = typeof SIDES[number];

const Echo = methodAt<EchoRequestInit, EchoResponse>("/echo.EchoService/Echo");
const [pairs = 5, rounds = 10, calls = 20_000] = Deno.args.filter((one) => one !== "--").map(Number);

interface Running {
  /** CPU microseconds a call. */
  measure(calls: number): Promise<number>;
  stop(): Promise<void>;
}

async function start(dir: string, side: SideName): Promise<Running> {
  const path = join(dir, `${side}.sock`);
  await Deno.remove(path).catch(() => {});
  const server = new URL("server.ts", import.meta.url).pathname;
  const [program, ...args] = pinned("server", [
    Deno.execPath(),
    ...["run", "--quiet", "--allow-all"],
    "--v8-flags=--max-semi-space-size=4,--initial-old-space-size=24",
    ...[server, path, side],
  ]);
  const child = new Deno.Command(program, { args, stdout: "piped" }).spawn();
  const reader = child.stdout.getReader();
  await reader.read(); // "ready"
  const address = { transport: "unix", path } as const;
  const channels = Array.from(
    { length: CONNECTIONS },
    () => new Channel([{ address: `unix://${path}`, dial: dialer(address) }]),
  );
  return {
    async measure(calls) {
      const before = cpuNanoseconds(child.pid);
      let left = calls;
      const caller = async (channel: Channel) => {
        while (left-- > 0) await unary(channel, Echo, { payload: "eighteen bytes ...", timestamp: 1 });
      };
      const callers = channels.flatMap((channel) => Array.from({ length: STREAMS }, () => caller(channel)));
      await Promise.all(callers);
      return (cpuNanoseconds(child.pid) - before) / calls / 1_000;
    },
    async stop() {
      for (const channel of channels) channel.close();
      child.kill("SIGKILL");
      await reader.cancel();
      await child.status;
    },
  };
}

/** Of all threads, collector and compiler included: the kernel's own count (proc_pid_schedstat). */
function cpuNanoseconds(pid: number): number {
  let total = 0;
  for (const { name } of Deno.readDirSync(`/proc/${pid}/task`)) {
    total += Number(Deno.readTextFileSync(`/proc/${pid}/task/${name}/schedstat`).split(" ")[0]);
  }
  return total;
}

const dir = await Deno.makeTempDir({ prefix: "gatehouse-metrics-" });
const ratios: number[] = [];
const costs: Record<SideName, number[]> = { plain: [], counted: [] };
try {
  for (let pair = 0; pair < pairs; pair++) {
    // Processes of their own each time: what the compiler made of one of them is chance.
    const plain = await start(dir, "plain");
    const counted = await start(dir, "counted");
    try {
      for (const one of [plain, counted]) await one.measure(2 * calls);
      for (let round = 0; round < rounds; round++) {
        const order = round % 2 === 0 ? [plain, counted] : [counted, plain];
        const [first, second] = [await order[0].measure(calls), await order[1].measure(calls)];
        const [without, with_] = round % 2 === 0 ? [first, second] : [second, first];
        costs.plain.push(without);
        costs.counted.push(with_);
        ratios.push(with_ / without);
      }
    } finally {
      await plain.stop();
      await counted.stop();
    }
  }
} finally {
  await Deno.remove(dir, { recursive: true });
}
const at = (values: number[], part: number) =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * part)];
// What else the machine does adds to a cost and takes nothing away: the cheap turns are the least disturbed ones.
const QUIET = 0.1;
print(table([
  ["side", "CPU a call: median", "the cheapest tenth"],
  ...SIDES.map((side) => [
    side,
    ...[0.5, QUIET].map((part) => `${at(costs[side], part).toFixed(2)} µs`),
  ]),
]));
const quartiles = [0.25, 0.75].map((part) => at(ratios, part).toFixed(3)).join(", ");
print(
  `counted / plain: ${
    at(ratios, 0.5).toFixed(3)
  }, the median of ${ratios.length} turns (quartiles ${quartiles})`,
);
const quiet = at(costs.counted, QUIET) / at(costs.plain, QUIET);
print(`of the cheapest tenths: ${quiet.toFixed(3)}`);
