// Measures the door beside others: handshakes and bulk data beside nginx and haproxy, Echo beside tonic with
// rustls, all in one run. `deno task bench-edge` on a quiet machine; --help says what can be left out.
import { parseArgs } from "node:util";
import { note, print, reportFailure } from "../../../src/cli/output.ts";
import { CACHE_DIR } from "../../../src/cli/root.ts";
import { GatehouseError } from "../../../src/vm/errors.ts";
import { runOk } from "../../lib/command.ts";
import { canPin, machine, pinned } from "../machine.ts";
import { buildNative, CARGO_BUILT } from "../sides.ts";
import { buildEcho, ECHO_SIDES, measureEcho } from "./echo.ts";
import {
  type DoorFigures,
  doorFigures,
  type DoorResults,
  type LoadReport,
  readLoad,
  type Task,
  TASKS,
} from "./figures.ts";
import { markdown } from "./report.ts";
import { type RunningTlsServer, startTlsServer, tlsServers } from "./servers.ts";

const EDGE_LOAD = `${CARGO_BUILT}/edge-load`;
const SECTIONS = ["handshakes", "bulk", "echo"];
const BULK_CONNECTIONS = 4;
const WARMUP_SECONDS = 0.3;

const USAGE = `usage: deno task bench-edge -- [options]
  --sections LIST       of ${SECTIONS.join(",")}
  --servers LIST        of ${tlsServers.map(({ name }) => name).join(",")}
  --rounds N            how often each is measured in turn; the median counts (5)
  --seconds S           one measurement, without its warm-up (1)
  --out FILE.md         default: .cache/bench/edge.md; the figures lie beside it as JSON`;

interface Options {
  readonly sections: readonly string[];
  readonly servers: readonly string[];
  readonly rounds: number;
  readonly seconds: number;
  readonly out: string;
}

function parseOptions(args: string[]): Options {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== "--"),
    options: { sections: text, servers: text, rounds: text, seconds: text, out: text },
  });
  const list = (of: string | undefined, known: readonly string[]) => {
    const unknown = of?.split(",").find((name) => !known.includes(name));
    if (unknown !== undefined) throw new GatehouseError("bad-argument", `no ${unknown} here`, USAGE);
    return of?.split(",") ?? known;
  };
  const [rounds, seconds] = [Math.round(Number(values.rounds ?? 5)), Number(values.seconds ?? 1)];
  if (!(rounds > 0 && seconds > 0)) throw new GatehouseError("bad-argument", "no number above 0", USAGE);
  return {
    sections: list(values.sections, SECTIONS),
    servers: list(values.servers, tlsServers.map(({ name }) => name)),
    rounds,
    seconds,
    out: values.out ?? `${CACHE_DIR}/bench/edge.md`,
  };
}

async function compare({ sections, servers, rounds, seconds }: Options): Promise<DoorResults> {
  const before = await machine();
  note("building the generators, tonic, the edge and the agent");
  await buildNative();
  await buildEcho();
  const dir = await Deno.makeTempDir({ prefix: "gatehouse-doors-" });
  const certificates = `${dir}/certificates`;
  const running: RunningTlsServer[] = [];
  const described: Record<string, string> = {};
  const missing: string[] = [];
  const doors: Record<string, Record<string, DoorFigures>> = {};
  try {
    await Deno.mkdir(certificates);
    await runOk(EDGE_LOAD, ["pki", certificates]);
    const backend = `${dir}/backend.sock`;
    const tasks = TASKS.filter(({ handshake }) => sections.includes(handshake ? "handshakes" : "bulk"));
    for (const server of tasks.length > 0 ? tlsServers.filter(({ name }) => servers.includes(name)) : []) {
      const reason = await server.missing();
      if (reason !== undefined) {
        missing.push(`${server.name}: ${reason}`);
        continue;
      }
      await Deno.mkdir(`${dir}/${server.name}`);
      running.push(await startTlsServer(server, { dir: `${dir}/${server.name}`, certificates, backend }));
      described[server.name] = await server.what();
    }
    for (const task of tasks) {
      note(`${task.handshake ? "handshakes" : "bulk data"}, ${task.name}`);
      const runs = new Map<string, LoadReport[]>(running.map(({ name }) => [name, []]));
      for (let round = 0; round < rounds; round++) {
        for (const server of running) {
          const argv = [...loadArgv(task, server, { certificates, backend }), `--duration=${seconds}`];
          const [program, ...args] = pinned("generator", argv);
          runs.get(server.name)?.push(readLoad(await runOk(program, args), task));
        }
      }
      doors[task.name] = Object.fromEntries([...runs].map(([name, each]) => [name, doorFigures(each)]));
    }
    while (running.length > 0) await running.pop()?.stop();
    await Deno.mkdir(`${dir}/echo`);
    return {
      machine: before,
      date: new Date().toISOString().slice(0, 10),
      pinned: canPin(),
      rounds,
      seconds,
      servers: described,
      sides: sections.includes("echo") ? ECHO_SIDES : {},
      missing,
      doors,
      echo: sections.includes("echo") ? await measureEcho(`${dir}/echo`, certificates, rounds, seconds) : [],
    };
  } finally {
    await Promise.all(running.map((server) => server.stop()));
    await Deno.remove(dir, { recursive: true });
  }
}

function loadArgv(
  task: Task,
  server: RunningTlsServer,
  { certificates, backend }: { certificates: string; backend: string },
): string[] {
  const common = [server.address, `--certificates=${certificates}`, `--backend=${backend}`];
  common.push(`--pid=${server.pid}`, `--warmup=${WARMUP_SECONDS}`);
  if (!task.handshake) {
    return [
      EDGE_LOAD,
      "bulk",
      ...common,
      `--direction=${task.direction}`,
      `--connections=${BULK_CONNECTIONS}`,
    ];
  }
  const handshakes = [EDGE_LOAD, "handshakes", ...common, `--tls=${task.tls}`];
  return task.resume ? [...handshakes, "--resume"] : handshakes;
}

try {
  if (Deno.args.includes("--help")) print(USAGE);
  else {
    const options = parseOptions(Deno.args);
    const started = performance.now();
    const results = await compare(options);
    await Deno.writeTextFile(options.out, markdown(results));
    await Deno.writeTextFile(
      options.out.replace(/(\.md)?$/, ".json"),
      JSON.stringify(results, null, 2) + "\n",
    );
    print(markdown(results));
    print(`report: ${options.out} (${Math.round((performance.now() - started) / 1000)} s)`);
  }
} catch (error) {
  reportFailure(error, false);
  Deno.exitCode = 1;
}
