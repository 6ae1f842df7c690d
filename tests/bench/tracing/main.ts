// What tracing costs a call: CPU time of one server process at 8 connections x 32 streams, without a tracer, with it
// off, and with 1% of the calls traced, in turn. `deno task bench-tracing -- [rounds] [seconds]`.
import { note, print } from "../../../src/cli/output.ts";

const SIDES = ["without", "off", "1%"] as const;
/** The issue's: 1% of the calls traced. */
const MOST = 0.10;
/** proc(5): utime and stime are in ticks of 10 ms. */
const TICK_MS = 10;

const [rounds = "7", seconds = "4"] = Deno.args.filter((word) => word !== "--");
const dir = await Deno.makeTempDir({ prefix: "gatehouse-bench-tracing-" });
const otlp = `unix://${dir}/otlp.sock`;
const load = start("load.ts");
await load.next();
const server = start("server.ts");
await server.next();
try {
  const costs: Record<string, number[]> = Object.fromEntries(SIDES.map((side) => [side, []]));
  for (const side of SIDES) await round(side, 2); // V8 compiles
  for (let number = 0; number < Number(rounds); number++) {
    // Each side is first as often as the others.
    for (let at = 0; at < SIDES.length; at++) {
      const side = SIDES[(at + number) % SIDES.length];
      const { us, calls, spans } = await round(side, Number(seconds));
      costs[side].push(us);
      note(`${side}: ${us.toFixed(2)} us a call, ${calls} calls, ${spans} spans`);
    }
  }
  const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
  const base = median(costs.without);
  print("| tracing | CPU time a call, median (least to most) | beside none |\n|---|---|---|");
  for (const side of SIDES) {
    const [us, least, most] = [median(costs[side]), Math.min(...costs[side]), Math.max(...costs[side])];
    const more = `${((us / base - 1) * 100).toFixed(1)}%`;
    print(`| ${side} | ${us.toFixed(2)} us (${least.toFixed(2)} to ${most.toFixed(2)}) | ${more} |`);
  }
  if (median(costs["1%"]) > base * (1 + MOST)) {
    note(`1% traced costs more than ${MOST * 100}%`);
    Deno.exitCode = 1;
  }
} finally {
  server.child.kill("SIGKILL");
  load.child.kill("SIGKILL");
  await Deno.remove(dir, { recursive: true });
}

async function round(side: string, roundSeconds: number) {
  const before = await cpuMs(server.child.pid);
  await load.write(`${side} ${roundSeconds}\n`);
  const { calls, spans }: { calls: number; spans: number } = JSON.parse(await load.next());
  // What a batch of spans that still waits will cost belongs to this round.
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  return { us: (await cpuMs(server.child.pid) - before) * 1_000 / calls, calls, spans };
}

/** CPU time of a process so far, all threads. */
async function cpuMs(pid: number): Promise<number> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

function start(script: string) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", new URL(script, import.meta.url).pathname, dir, otlp],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const writer = child.stdin.getWriter();
  let text = "";
  return {
    child,
    write: (line: string) => writer.write(new TextEncoder().encode(line)),
    /** The next line. */
    async next(): Promise<string> {
      for (;;) {
        const end = text.indexOf("\n");
        if (end >= 0) {
          const line = text.slice(0, end);
          text = text.slice(end + 1);
          return line;
        }
        const { value, done } = await reader.read();
        if (done) throw new Error(`${script} ended`);
        text += value;
      }
    },
  };
}
