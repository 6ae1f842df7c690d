// What counting costs a call: CPU time of a server whose calls are counted beside one whose calls are not, at 8
// connections with 32 streams, in turns. `deno task bench-metrics -- [pairs] [rounds] [calls]`
// CPU time stands a busy machine better than rates do; the ratio of each turn's two halves, then their median.
import { join } from "node:path";
import { print, table } from "../../../src/cli/output.ts";
import { startEchoChild } from "../echo_child.ts";

const SIDES = ["plain", "counted"] as const;
type SideName = typeof SIDES[number];

const [pairs = 5, rounds = 10, calls = 20_000] = Deno.args.filter((one) => one !== "--").map(Number);

interface Running {
  /** CPU microseconds a call. */
  measure(calls: number): Promise<number>;
  stop(): Promise<void>;
}

async function start(dir: string, side: SideName): Promise<Running> {
  const script = new URL("server.ts", import.meta.url);
  const child = await startEchoChild(script, join(dir, `${side}.sock`), side);
  return {
    async measure(calls) {
      const before = child.cpuUs();
      await child.load(calls);
      return (child.cpuUs() - before) / calls;
    },
    stop: () => child.stop(),
  };
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
