// Measures signing beside others, all servers on one core, in one run: `deno task bench-signing` on a quiet
// machine; --help says what can be left out. Ends with 0 when every signature looked at was right.
import { parseArgs } from "node:util";
import { note, print, reportFailure } from "../../../src/cli/output.ts";
import { CACHE_DIR } from "../../../src/cli/root.ts";
import { GatehouseError } from "../../../src/vm/errors.ts";
import { run, runOk } from "../../lib/command.ts";
import type { Measured } from "../generator.ts";
import { goalLine } from "../goals.ts";
import { canPin, machine, pinned } from "../machine.ts";
import { median } from "../results.ts";
import { type RunningServer, startServer } from "../server.ts";
import { buildNative, type Side } from "../sides.ts";
import {
  type Alone,
  goalsOf,
  P256,
  signFigures,
  type SigningResults,
  type SigningRow,
  type Task,
  TASKS,
} from "./figures.ts";
import { fetchPublicKey, measureByH2load, measureSigning } from "./load.ts";
import { measureManyKeys } from "./many_keys.ts";
import { markdown } from "./report.ts";
import { BARE, DEFAULT_OUT, OWN, signingSides } from "./sides.ts";

/** Until the optimising compiler has seen what it will see. */
const FIRST_WARMUP_SECONDS = 3;
const WARMUP_SECONDS = 0.3;
const WARMUPS = { firstWarmupSeconds: FIRST_WARMUP_SECONDS, warmupSeconds: WARMUP_SECONDS };
/** The status of a method that isn't served: UNIMPLEMENTED. */
const NOT_SERVED = /grpc-status 12/;

const USAGE = `usage: deno task bench-signing -- [options]
  --sides LIST          of ${signingSides.map(({ name }) => name).join(",")}
  --rounds N            how often each is measured in turn; the median counts (5)
  --seconds S           one measurement, without its warm-up (2)
  --no-h2load           without h2load's figures
  --no-many-keys        without the signer of 100,000 keys
  --out FILE.md         default: .cache/bench/signing.md; the figures lie beside it as JSON`;

interface Options {
  readonly sides: readonly Side[];
  readonly rounds: number;
  readonly seconds: number;
  readonly h2load: boolean;
  readonly manyKeys: boolean;
  readonly out: string;
}

function parseOptions(args: string[]): Options {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== "--"),
    options: {
      sides: text,
      rounds: text,
      seconds: text,
      out: text,
      "no-h2load": flag,
      "no-many-keys": flag,
    },
  });
  const names = values.sides?.split(",");
  const unknown = names?.find((name) => !signingSides.some((side) => side.name === name));
  if (unknown !== undefined) throw new GatehouseError("bad-argument", `no ${unknown} here`, USAGE);
  const [rounds, seconds] = [Math.round(Number(values.rounds ?? 5)), Number(values.seconds ?? 2)];
  if (!(rounds > 0 && seconds > 0)) throw new GatehouseError("bad-argument", "no number above 0", USAGE);
  return {
    sides: signingSides.filter(({ name }) => names?.includes(name) ?? true),
    rounds,
    seconds,
    h2load: !values["no-h2load"],
    manyKeys: !values["no-many-keys"],
    out: values.out ?? DEFAULT_OUT,
  };
}

async function compare(options: Options): Promise<SigningResults> {
  const before = await machine();
  const missing: string[] = [];
  const dir = await Deno.makeTempDir({ prefix: "gatehouse-signing-" });
  const servers: RunningServer[] = [];
  try {
    for (const side of await build(options.sides, missing)) {
      note(`starting ${side.name}`);
      servers.push(await startServer(side, `${dir}/${side.name}`));
    }
    const h2load = options.h2load && (await run("sh", ["-c", "command -v h2load"])).code === 0;
    if (options.h2load && !h2load) missing.push("h2load is missing; apt-get install nghttp2-client");
    const rows: SigningRow[] = [];
    for (const task of TASKS) rows.push(await measureTask(task, servers, options, dir, h2load));
    const own = servers.find(({ side }) => side.name === OWN);
    const batch = await measureBatch(own, options, dir, missing);
    const alone = await measureAlone(servers, options, dir);
    let manyKeys;
    if (own && options.manyKeys) {
      note("many keys");
      manyKeys = await measureManyKeys(own.side, P256, `${dir}/many-keys`, { ...options, ...WARMUPS });
    }
    return {
      machine: before,
      date: new Date().toISOString().slice(0, 10),
      pinned: canPin(),
      rounds: options.rounds,
      seconds: options.seconds,
      sides: Object.fromEntries(servers.map(({ side: { name, what } }) => [name, what])),
      missing,
      rows,
      batch,
      alone,
      manyKeys,
    };
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    await Deno.remove(dir, { recursive: true });
  }
}

async function build(sides: readonly Side[], missing: string[]): Promise<Side[]> {
  await Deno.mkdir(`${CACHE_DIR}/bench`, { recursive: true });
  note("building the generator and the servers");
  await buildNative();
  const built: Side[] = [];
  for (const side of sides) {
    const reason = await side.missing();
    if (reason !== undefined) missing.push(`${side.name}: ${reason}`);
    else {
      await side.build();
      built.push(side);
    }
  }
  return built;
}

const publicKeyOf = (dir: string, server: RunningServer, task: Task) =>
  `${dir}/${server.side.name}.${task.bare}.spki`;

async function measureTask(
  task: Task,
  servers: readonly RunningServer[],
  { rounds, seconds }: Options,
  dir: string,
  withH2load: boolean,
): Promise<SigningRow> {
  note(task.name);
  const measured = (server: RunningServer, warmupSeconds: number) =>
    measureSigning(server, task, { publicKey: publicKeyOf(dir, server, task), seconds, warmupSeconds });
  for (const server of servers) {
    await fetchPublicKey(server, task, publicKeyOf(dir, server, task));
    await measured(server, FIRST_WARMUP_SECONDS);
  }
  const runs = new Map<string, Measured[]>(servers.map(({ side }) => [side.name, []]));
  const bare: number[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const server of servers) {
      runs.get(server.side.name)?.push(await measured(server, WARMUP_SECONDS));
    }
    const [program, ...args] = pinned("server", BARE);
    bare.push((JSON.parse(await runOk(program, args)) as Record<Task["bare"], number>)[task.bare]);
  }
  const h2load: Record<string, number> = {};
  for (const server of withH2load ? servers : []) {
    h2load[server.side.name] = await measureByH2load(server, task, seconds, dir);
  }
  const sides = Object.fromEntries([...runs].map(([name, each]) => [name, signFigures(each)]));
  // The least: whatever came between can only have made it slower.
  return { task: task.name, bareUs: Math.min(...bare), sides, h2load };
}

async function measureBatch(
  server: RunningServer | undefined,
  { rounds, seconds }: Options,
  dir: string,
  missing: string[],
) {
  if (server === undefined) return undefined;
  note("SignBatch");
  const runs: Measured[] = [];
  try {
    for (let round = 0; round < rounds; round++) {
      const warmupSeconds = round === 0 ? FIRST_WARMUP_SECONDS : WARMUP_SECONDS;
      const load = { publicKey: publicKeyOf(dir, server, P256), seconds, warmupSeconds, batch: true };
      runs.push(await measureSigning(server, P256, load));
    }
  } catch (error) {
    if (!(error instanceof Error && NOT_SERVED.test(error.message))) throw error;
    missing.push("SignBatch: this agent doesn't serve gatehouse.v1.Crypto");
    return undefined;
  }
  return signFigures(runs);
}

/** Medians of the percentiles. */
async function measureAlone(
  servers: readonly RunningServer[],
  { rounds, seconds }: Options,
  dir: string,
): Promise<Alone> {
  note("one call in flight");
  const runs = new Map<string, Measured[]>();
  for (let round = 0; round < rounds; round++) {
    for (const server of servers) {
      const publicKey = publicKeyOf(dir, server, P256);
      const load = { publicKey, seconds: seconds / 2, warmupSeconds: WARMUP_SECONDS, alone: true };
      const each = runs.get(server.side.name) ?? [];
      runs.set(server.side.name, [...each, await measureSigning(server, P256, load)]);
    }
  }
  const of = (each: Measured[], percentile: "p50" | "p99") =>
    median(each.map(({ latency_us }) => latency_us?.[percentile] ?? NaN));
  return Object.fromEntries(
    [...runs].map(([name, each]) => [name, { p50: of(each, "p50"), p99: of(each, "p99") }]),
  );
}

try {
  if (Deno.args.includes("--help")) print(USAGE);
  else {
    const options = parseOptions(Deno.args);
    const started = performance.now();
    const results = await compare(options);
    const report = markdown(results);
    await Deno.writeTextFile(options.out, report);
    const json = JSON.stringify(results, null, 2) + "\n";
    await Deno.writeTextFile(options.out.replace(/(\.md)?$/, ".json"), json);
    print(report);
    for (const goal of goalsOf(results)) print(goalLine(goal));
    print(`report: ${options.out} (${Math.round((performance.now() - started) / 1000)} s)`);
  }
} catch (error) {
  reportFailure(error, false);
  Deno.exitCode = 1;
}
