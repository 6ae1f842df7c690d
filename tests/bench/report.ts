// The comparison as Markdown, and as lines for a terminal. Only formats: every figure is of results.ts.
import { type Goal, goalsOf } from "./goals.ts";
import type { Figures, Results, Row } from "./results.ts";

/** Ours against these, in the ratio table. */
const ANCHORS = ["tonic", "grpc-go", "grpc-js-node", "grpc-js"];
const OWN = ["engine", "agent"] as const;

export const allGoals = (results: Results): Goal[] => OWN.flatMap((own) => goalsOf(results, own));

export function markdown(results: Results): string {
  return [
    ...head(results),
    ...calls(results),
    ...streams(results),
    ...open(results),
    ...memory(results),
    ...ceilings(results),
    ...goals(results),
  ].join("\n") + "\n";
}

function head({ machine, date, pinned, rounds, seconds, sides, missing }: Results): string[] {
  return [
    `${date}, ${machine.processor}, Linux ${machine.kernel}, ${machine.cores} cores ` +
    (pinned ? "(server on core 0, generator on core 1)" : "(one core, shared by server and generator)") +
    `; load average before: ${
      machine.load.toFixed(2)
    }. Medians of ${rounds} rounds of ${seconds} s, sides in turn.`,
    "",
    ...Object.entries(sides).map(([name, what]) => `- ${name}: ${what}`),
    ...missing.map((reason) => `- not measured: ${reason}`),
  ];
}

function calls({ calls, sides }: Results): string[] {
  const lines: string[] = [];
  const groups = Map.groupBy(calls, ({ cell }) => `${cell.form} form, ${cell.transport}`);
  for (const [title, rows] of groups) {
    const columns = rows.map(({ cell }) => cell.column);
    const body = (names: Iterable<string>, cell: (name: string, row: Row<unknown>) => string) =>
      [...names].filter((name) => rows.some(({ sides }) => sides[name]))
        .map((name) => [name, ...rows.map((row) => row.sides[name] ? cell(name, row) : "")]);
    lines.push("", `### Unary calls: ${title}`, "Calls a second; in parentheses server CPU a call, us.", "");
    lines.push(
      ...tableOf(["", ...columns], body(Object.keys(sides), (name, row) => callCell(row.sides[name]))),
    );
    for (const own of OWN.filter((own) => rows.some(({ sides }) => sides[own]))) {
      const ratios = body(ANCHORS, (name, { sides }) => ratio(sides[own]?.rate, sides[name]?.rate))
        .map(([name, ...cells]) => [`${own} / ${name}`, ...cells]);
      const above = rows.map(({ sides }) =>
        sides.frames && sides[own] ? (sides[own].serverCpuUs - sides.frames.serverCpuUs).toFixed(2) : ""
      );
      lines.push("", ...tableOf(["", ...columns], [...ratios, [`CPU a call above frames, us`, ...above]]));
    }
  }
  return lines;
}

const callCell = (figures: Figures | undefined) =>
  figures ? `${thousands(figures.rate)} (${figures.serverCpuUs.toFixed(2)})` : "";

function streams({ streams, sides }: Results): string[] {
  const lines: string[] = [];
  for (
    const [title, rows] of Map.groupBy(streams, ({ cell }) => `${streamName[cell.mode]}, ${cell.transport}`)
  ) {
    const names = Object.keys(sides).filter((name) => rows.some(({ sides }) => sides[name]));
    const body = names.map((name) => [name, ...rows.map(({ sides }) => streamCell(sides[name]))]);
    const ratios = ANCHORS.filter((name) => names.includes(name)).map((name) => [
      `engine / ${name}`,
      ...rows.map(({ sides }) => ratio(sides.engine?.rate, sides[name]?.rate)),
    ]);
    lines.push(
      "",
      `### ${title}`,
      "Messages a second; in parentheses MB/s and server CPU a message, us.",
      "",
    );
    lines.push(...tableOf(["", ...rows.map(({ cell }) => size(cell.payloadBytes))], [...body, ...ratios]));
  }
  return lines;
}

const streamName = { bidi: "One bidirectional stream, 16 messages in flight", flow: "One server stream" };

const streamCell = (figures: Figures | undefined) =>
  figures
    ? `${thousands(figures.rate)} (${figures.mbPerSecond.toFixed(0)} MB/s, ${figures.serverCpuUs.toFixed(2)})`
    : "";

function open({ open }: Results): string[] {
  if (open.length === 0) return [];
  const rows = open.flatMap(({ cell, sides }) => {
    const where = `${cell.column}, ${cell.form}, ${cell.transport}, ${thousands(cell.rate)}/s`;
    const own = sides.engine;
    const each = Object.entries(sides).map(([name, { p50Us, p99Us, p999Us }]) => [
      `${where}: ${name}`,
      ...[p50Us, p99Us, p999Us].map((us) => us.toFixed(0)),
    ]);
    if (own === undefined || sides.tonic === undefined) return each;
    const { p50Us, p99Us, p999Us } = sides.tonic;
    const ratios = [ratio(own.p50Us, p50Us), ratio(own.p99Us, p99Us), ratio(own.p999Us, p999Us)];
    return [...each, [`${where}: engine / tonic`, ...ratios]];
  });
  return [
    "",
    "### Open loop at half of saturation",
    "Latency from when a call should have begun, us; both sides at the same rate.",
    "",
    ...tableOf(["", "p50", "p99", "p99.9"], rows),
  ];
}

function memory({ rssBytes, growth }: Results): string[] {
  const lines: string[] = [];
  if (Object.keys(rssBytes).length > 0) {
    lines.push("", "### Resident memory after the calls", "");
    lines.push(...tableOf(["", "MB"], Object.entries(rssBytes).map(([name, bytes]) => [name, mb(bytes)])));
  }
  for (const { side, rssBytes } of growth) {
    lines.push("", `### Growth: ${side}, varying calls at 8x32`, "");
    const rows = [["MB", ...rssBytes.map(mb)]];
    lines.push(...tableOf(["after so many million calls", ...rssBytes.map((_, at) => String(at + 1))], rows));
  }
  return lines;
}

function ceilings({ ceilings }: Results): string[] {
  if (ceilings.length === 0) return [];
  const rows = ceilings.map(({ side, column, ours, h2load, ceiling }) => [
    `${side}, ${column}`,
    ...[ours, h2load, ceiling].map(thousands),
  ]);
  return [
    "",
    "### The generator beside h2load",
    "Calls a second of the constant form on TCP. Ceiling: our rate by the share of its core that the generator used.",
    "",
    ...tableOf(["", "our generator", "h2load", "our ceiling"], rows),
  ];
}

function goals(results: Results): string[] {
  const rows = allGoals(results).map((
    { what, goal, found, met },
  ) => [what, goal, found, met ? "met" : "**missed**"]);
  return rows.length === 0 ? [] : ["", "### Goals", "", ...tableOf(["", "goal", "found", ""], rows)];
}

export function tableOf(heading: string[], rows: string[][]): string[] {
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  return [line(heading), line(heading.map(() => "---")), ...rows.map(line)];
}

export const ratio = (a: number | undefined, b: number | undefined) =>
  a === undefined || b === undefined || b === 0 ? "" : (a / b).toFixed(2);
const mb = (bytes: number) => (bytes / 1e6).toFixed(0);
export const thousands = (value: number) =>
  value >= 10_000 ? `${(value / 1e3).toFixed(1)}k` : value.toFixed(0);
const size = (bytes: number) =>
  bytes >= 1 << 20 ? `${bytes >> 20} MB` : bytes >= 1024 ? `${bytes >> 10} KB` : `${bytes} B`;
