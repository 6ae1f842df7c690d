// The speed comparison: starts every side, loads them in turn, writes the report and its goals.
// Run on a quiet machine: `./gatehouse test --only compare`, or `deno task compare -- --quick`.
import { dirname } from "node:path";
import { note, print, reportFailure } from "../../src/cli/output.ts";
import { CACHE_DIR } from "../../src/cli/root.ts";
import { GatehouseError } from "../../src/vm/errors.ts";
import { goalLine } from "./goals.ts";
import { canPin, machine } from "./machine.ts";
import { type CompareOptions, OPTIONS_VARIABLE, parseOptions } from "./options.ts";
import { allGoals, markdown } from "./report.ts";
import type { Results } from "./results.ts";
import { Rounds } from "./rounds.ts";
import { type RunningServer, startServer } from "./server.ts";
import { buildNative, type Side, sides } from "./sides.ts";

async function compare(options: CompareOptions): Promise<Results> {
  const before = await machine();
  const missing: string[] = [];
  const chosen = await buildAll(options, missing);
  const dir = await Deno.makeTempDir({ prefix: "gatehouse-compare-" });
  const servers: RunningServer[] = [];
  try {
    for (const side of chosen) {
      note(`starting ${side.name}`);
      servers.push(await startServer(side, `${dir}/${side.name}`));
    }
    const rounds = new Rounds(servers, options, dir, missing);
    const wants = (section: CompareOptions["sections"][number]) => options.sections.includes(section);
    await rounds.warmUp();
    const ceilings = wants("generator") ? await rounds.ceilings() : [];
    const calls = wants("calls") ? await rounds.calls() : [];
    const rssBytes = wants("calls") ? rounds.rssOf(calls) : {};
    const open = wants("open") ? await rounds.open() : [];
    const growth = wants("growth") ? await rounds.growth() : [];
    // Last: large messages leave large heaps.
    const streams = wants("streams") ? await rounds.streams() : [];
    return {
      machine: before,
      date: new Date().toISOString().slice(0, 10),
      pinned: canPin(),
      rounds: options.rounds,
      seconds: options.seconds,
      sides: Object.fromEntries(chosen.map(({ name, what }) => [name, what])),
      missing,
      calls,
      streams,
      open,
      rssBytes,
      growth,
      ceilings,
    };
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    await Deno.remove(dir, { recursive: true });
  }
}

async function buildAll({ rows }: CompareOptions, missing: string[]): Promise<Side[]> {
  const unknown = rows?.find((name) => !sides.some((side) => side.name === name));
  if (unknown !== undefined) {
    const next = `choose from ${sides.map(({ name }) => name).join(", ")}`;
    throw new GatehouseError("bad-argument", `no side ${unknown}`, next);
  }
  await Deno.mkdir(`${CACHE_DIR}/bench`, { recursive: true });
  note("building the generator and the tonic anchor");
  await buildNative();
  const chosen: Side[] = [];
  for (const side of sides) {
    if (rows !== undefined && !rows.includes(side.name)) continue;
    const reason = await side.missing();
    if (reason !== undefined) {
      missing.push(`${side.name}: ${reason}`);
      continue;
    }
    note(`building ${side.name}`);
    await side.build();
    chosen.push(side);
  }
  return chosen;
}

try {
  const words = Deno.env.get(OPTIONS_VARIABLE)?.split(/\s+/).filter((word) => word !== "") ?? [];
  const options = parseOptions([...words, ...Deno.args]);
  const started = performance.now();
  const results = await compare(options);
  await Deno.mkdir(dirname(options.out), { recursive: true });
  await Deno.writeTextFile(options.out, markdown(results));
  await Deno.writeTextFile(options.out.replace(/(\.md)?$/, ".json"), JSON.stringify(results, null, 2) + "\n");
  print(markdown(results));
  for (const goal of allGoals(results)) print(goalLine(goal));
  print(`report: ${options.out} (${Math.round((performance.now() - started) / 1000)} s)`);
} catch (error) {
  reportFailure(error, false);
  Deno.exitCode = 1;
}
