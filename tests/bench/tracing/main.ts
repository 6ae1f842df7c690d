// What tracing costs a call: CPU time of one server process at 8 connections x 32 streams, without a tracer, with it
// off, and with 1% of the calls traced, in turn. `deno task bench-tracing -- [rounds] [seconds]`.
import { note, print } from "../../../src/cli/output.ts";

const SIDES = ["without", "off", "1%"] as const;
/** The issue's: 1% of the calls traced. */
const MOST = 0.10;
/** Of the calls of the best round. */
const UNDISTURBED = 0.7;
/** V8 compiles what serializes spans late: there are few of them. */
const WARM_UP_S = 12;
/** What a batch of spans that still waits will cost belongs to its round. */
const SETTLE_MS = 1_200;

const [rounds = "20", seconds = "1"] = Deno.args.filter((word) => word !== "--");
const dir = await Deno.makeTempDir({ prefix: "gatehouse-bench-tracing-" });
const otlp = `unix://${dir}/otlp.sock`;
const load = start("load.ts");
await load.next();
const server = start("server.ts");
await server.next();
try {
  const all: { side: string; us: number; calls: number }[] = [];
  for (const side of SIDES) await round(side, WARM_UP_S);
  for (let number = 0; number < Number(rounds); number++) {
    // Each side is first as often as the others; others of this machine disturb the three of a round alike.
    for (let at = 0; at < SIDES.length; at++) {
      const side = SIDES[(at + number) % SIDES.length];
      const { us, calls, spans } = await round(side, Number(seconds));
      all.push({ side, us, calls });
      note(`${side}: ${us.toFixed(2)} us a call, ${calls} calls, ${spans} spans`);
    }
  }
  // Fewer calls in a turn cost more each: a round in which others took the machine says nothing of tracing.
  const most = Math.max(...all.map(({ calls }) => calls));
  const quiet = (side: string) =>
    all.filter((one) => one.side === side && one.calls >= most * UNDISTURBED).map(({ us }) => us)
      .toSorted((a, b) => a - b);
  const median = (values: number[]) => values[Math.floor(values.length / 2)] ?? NaN;
  const base = median(quiet("without"));
  print("| tracing | CPU time a call, median (least to most) | beside none | rounds |\n|---|---|---|---|");
  for (const side of SIDES) {
    const costs = quiet(side);
    const [us, more] = [median(costs), median(costs) / base - 1];
    const range = `${costs[0]?.toFixed(2)} to ${costs.at(-1)?.toFixed(2)}`;
    print(`| ${side} | ${us.toFixed(2)} us (${range}) | ${(more * 100).toFixed(1)}% | ${costs.length} |`);
    if (more > MOST) {
      note(`${side} costs more than ${MOST * 100}%`);
      Deno.exitCode = 1;
    }
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
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  return { us: (await cpuMs(server.child.pid) - before) * 1_000 / calls, calls, spans };
}

/** CPU time of a process so far, all its threads (proc(5), schedstat: nanoseconds). */
async function cpuMs(pid: number): Promise<number> {
  let ns = 0;
  for await (const { name } of Deno.readDir(`/proc/${pid}/task`)) {
    const stat = await Deno.readTextFile(`/proc/${pid}/task/${name}/schedstat`).catch(() => "0");
    ns += Number(stat.split(" ")[0]);
  }
  return ns / 1e6;
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
