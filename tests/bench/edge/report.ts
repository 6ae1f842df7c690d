// The comparison of doors as Markdown. Only formats: every figure is of figures.ts.
import { ratio, tableOf, thousands } from "../report.ts";
import { type DoorFigures, type DoorResults, type EchoRow, TASKS } from "./figures.ts";

/** What ours is held against. */
const OWN_DOOR = "edge";
const OWN_ECHO = "edge + agent";
const ECHO_ANCHOR = "tonic + rustls";

export function markdown(results: DoorResults): string {
  return [...head(results), ...doors(results), ...echo(results)].join("\n") + "\n";
}

function head({ machine, date, pinned, rounds, seconds, servers, sides, missing }: DoorResults): string[] {
  const cores = pinned ? "servers on core 0, generator and backend on core 1" : "one core, shared by all";
  return [
    `${date}, ${machine.processor}, Linux ${machine.kernel}, ${machine.cores} cores (${cores}); load average before: ` +
    `${machine.load.toFixed(2)}. Medians of ${rounds} rounds of ${seconds} s, servers in turn.`,
    "",
    ...Object.entries({ ...servers, ...sides }).map(([name, what]) => `- ${name}: ${what}`),
    ...missing.map((reason) => `- not measured: ${reason}`),
  ];
}

function doors({ doors, servers }: DoorResults): string[] {
  const lines: string[] = [];
  for (const handshake of [true, false]) {
    const tasks = TASKS.filter((task) => task.handshake === handshake && doors[task.name] !== undefined);
    if (tasks.length === 0) continue;
    const names = Object.keys(servers).filter((name) => tasks.some((task) => doors[task.name][name]));
    const row = (label: string, cell: (of: Readonly<Record<string, DoorFigures>>) => string) => [
      label,
      ...tasks.map((task) => cell(doors[task.name])),
    ];
    const cellOf = handshake ? handshakeCell : bulkCell;
    const others = names.filter((name) => name !== OWN_DOOR);
    lines.push(
      "",
      handshake ? "#### Handshakes" : "#### Bulk data",
      handshake
        ? "Connections a second, each with a full or resumed mutual handshake, an echo of 1 to 256 bytes through " +
          "the backend, and its end; in parentheses CPU of the server for one, us."
        : "MB/s through 4 connections; in parentheses CPU of the server for a GB, s.",
      "",
      ...tableOf(["", ...tasks.map(({ name }) => name)], [
        ...names.map((name) => row(name, (of) => cellOf(of[name]))),
        ...others.map((name) =>
          row(`${OWN_DOOR} / ${name}, rate`, (of) => ratio(of[OWN_DOOR]?.rate, of[name]?.rate))
        ),
        ...others.map((name) =>
          row(`${name} / ${OWN_DOOR}, CPU`, (of) => ratio(of[name]?.cpu, of[OWN_DOOR]?.cpu))
        ),
      ]),
    );
  }
  return lines;
}

const handshakeCell = (figures: DoorFigures | undefined) =>
  figures ? `${thousands(figures.rate)} (${(figures.cpu * 1e6).toFixed(0)})` : "";

const bulkCell = (figures: DoorFigures | undefined) =>
  figures ? `${(figures.rate / 1e6).toFixed(0)} (${(figures.cpu * 1e9).toFixed(2)})` : "";

function echo({ echo, sides }: DoorResults): string[] {
  if (echo.length === 0) return [];
  const row = (label: string, cell: (row: EchoRow) => string) => [label, ...echo.map(cell)];
  const split = Object.values(echo[0].sides).some(({ cpuUsEach }) => cpuUsEach.length > 1);
  return [
    "",
    "#### Echo through the door",
    "Calls a second; in parentheses CPU a call of all its processes" + (split ? " (edge + agent)" : "") +
    ", us.",
    "",
    ...tableOf(["", ...echo.map(({ form, column }) => `${column}, ${form}`)], [
      ...Object.keys(sides).map((name) => row(name, ({ sides }) => echoCell(sides[name]))),
      row(
        `${OWN_ECHO} / ${ECHO_ANCHOR}, rate`,
        ({ sides }) => ratio(sides[OWN_ECHO]?.rate, sides[ECHO_ANCHOR]?.rate),
      ),
      row(
        `${ECHO_ANCHOR} / ${OWN_ECHO}, CPU`,
        ({ sides }) => ratio(sides[ECHO_ANCHOR]?.cpuUs, sides[OWN_ECHO]?.cpuUs),
      ),
    ]),
  ];
}

function echoCell(figures: EchoRow["sides"][string] | undefined): string {
  if (figures === undefined) return "";
  const each = figures.cpuUsEach.map((us) => us.toFixed(2)).join(" + ");
  return `${thousands(figures.rate)} (${each})`;
}
