// What `gatehouse top` shows, as lines of a given width and number. Must never be longer or wider than it is told, nor
// let a control character of a peer's through.
import { visible } from "../../agent/log/escape.ts";
import type { Figures } from "../../gateway/observer/figures.ts";
import { amount, bytes, clockTime, seconds, whole, words } from "../../gateway/observer/format.ts";
import { CertificateState, type Event, type GetStatusResponse } from "../../proto/mod.ts";
import { nameOf } from "../../agent/event_kinds.ts";
import { duration } from "../appliance/duration.ts";

export interface TopState {
  readonly status: GetStatusResponse | undefined;
  /** Undefined until there are two readings. */
  readonly figures: Figures | undefined;
  /** Calls a second, the newest last; undefined: a gap. */
  readonly calls: readonly (number | undefined)[];
  /** The newest first. */
  readonly events: readonly Event[];
  /** Why there are no new ones, or what was lost; undefined: they come. */
  readonly eventsNotice: string | undefined;
  /** Keys by state: "4 enabled · 1 disabled"; empty: not known. */
  readonly keys: string;
  readonly server: string;
  readonly nowMs: number;
  readonly broken:
    | { readonly sinceMs: number; readonly message: string; readonly nextTryMs: number }
    | undefined;
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export type Style = "bold" | "dim" | "bad" | "warn" | "good";

/** Marks a text; without colours it stays as it is. */
export type Paint = (style: Style, text: string) => string;

const MIN_COLUMNS = 40;
const LEVELS = "▁▂▃▄▅▆▇█";
const MAX_METHODS = 8;
const MAX_DROPS = 4;

/** A cell with its look: its width is that of the text, not of what marks it. */
interface Cell {
  readonly text: string;
  readonly style?: Style;
}

const cell = (text: string, style?: Style): Cell => ({ text, style });

/** At most `rows` lines, each at most `columns` wide. */
export function topLines(state: TopState, size: Size, paint: Paint): string[] {
  const columns = Math.max(MIN_COLUMNS, size.columns);
  const { status, figures, broken } = state;
  const lines = [head(state, columns, paint), ""];
  if (status === undefined || figures === undefined) {
    lines.push(broken === undefined ? "two readings make the first figure…" : "");
    return lines.slice(0, size.rows);
  }
  const look: Paint = broken === undefined ? paint : (_, text) => paint("dim", text);
  lines.push(
    ...figureLines(figures, columns, look),
    spark(state.calls, columns),
    "",
    ...section("TRANSPORTS", transportRows(figures), columns, look),
    "",
    ...section("METHODS", methodRows(figures), columns, look),
    "",
    ...systemLines(state, status, columns, look),
  );
  const refusals = refusalRows(figures);
  if (refusals.length > 0) lines.push("", ...section("REFUSALS", refusals, columns, look));
  const room = size.rows - lines.length - 3;
  if (room > 0 && (state.events.length > 0 || state.eventsNotice !== undefined)) {
    const notice = state.eventsNotice === undefined ? "" : `  ${visible(state.eventsNotice)}`;
    lines.push(
      "",
      look("dim", `EVENTS${notice}`.slice(0, columns)),
      ...state.events.slice(0, room).map((event) => eventText(event, columns, look)),
    );
  }
  return lines.slice(0, size.rows);
}

/** One line for where there is no terminal. */
export function plainLine({ figures, status, nowMs, broken }: TopState): string {
  const time = new Date(nowMs).toISOString();
  if (broken !== undefined) {
    return `${time}  broken since ${clockTime(broken.sinceMs)} UTC: ${visible(broken.message)}`;
  }
  const { latency } = figures ?? {};
  const values: [string, string][] = [
    ["calls/s", amount(figures?.calls ?? 0)],
    ["p50", seconds(latency?.p50)],
    ["p90", seconds(latency?.p90)],
    ["p99", seconds(latency?.p99)],
    ["errors/s", amount(figures?.errors ?? 0)],
    ["refusals/s", amount(figures?.refusals ?? 0)],
    ["in flight", whole(figures?.inFlight ?? 0)],
    ["connections", whole(figures?.connections)],
    ["units", unitWords(status)],
  ];
  return [time, ...values.map(([name, value]) => `${name} ${value.replaceAll("\u202f", " ")}`)].join("  ");
}

function head({ status, server, nowMs, broken }: TopState, columns: number, paint: Paint): string {
  const left = status === undefined
    ? `gatehouse top  ${visible(server)}`
    : `Gatehouse ${visible(status.version)}  up ${
      duration(status.uptime_ms.toNumber())
    }  configuration ${status.config_version}${status.confirm_by_ms.isZero() ? "" : " (not confirmed)"}`;
  if (broken === undefined) {
    return spread(paint("bold", cut(left, columns - 20)), `${clockTime(nowMs)} UTC`, columns);
  }
  const wait = Math.max(0, Math.ceil((broken.nextTryMs - nowMs) / 1000));
  const text = `BROKEN since ${clockTime(broken.sinceMs)} UTC, next try in ${wait} s: ${
    visible(broken.message)
  }`;
  return paint("bad", cut(text, columns));
}

function figureLines(figures: Figures, columns: number, paint: Paint): string[] {
  const { calls, latency, errors = 0, refusals = 0, inFlight, connections, bytesIn, bytesOut } = figures;
  const all: (readonly [string, string, Style])[] = [
    ["calls/s", amount(calls ?? 0), "bold"],
    ["p50", seconds(latency.p50), "bold"],
    ["p90", seconds(latency.p90), "bold"],
    ["p99", seconds(latency.p99), "bold"],
    ["errors/s", amount(errors), errors > 0 ? "bad" : "bold"],
    ["refusals/s", amount(refusals), refusals > 0 ? "warn" : "bold"],
    ["in flight", whole(inFlight ?? 0), "bold"],
    ["connections", whole(connections), "bold"],
    ["in", `${bytes(bytesIn ?? 0)}/s`, "bold"],
    ["out", `${bytes(bytesOut ?? 0)}/s`, "bold"],
  ];
  const width = 13;
  const fits = all.slice(0, Math.floor(columns / width));
  return [
    fits.map(([name]) => paint("dim", name.padEnd(width))).join(""),
    fits.map(([, value, style]) => paint(style, value.padEnd(width))).join(""),
  ];
}

/** Calls a second over time, as bars of eighths. */
export function spark(values: readonly (number | undefined)[], columns: number): string {
  const shown = values.slice(-columns);
  const most = Math.max(0, ...shown.map((value) => value ?? 0));
  return shown.map((value) => {
    if (value === undefined) return " ";
    return LEVELS[most === 0 ? 0 : Math.min(7, Math.floor(value / most * 8))];
  }).join("");
}

const transportRows = ({ transports }: Figures): Cell[][] => [
  ["", "connections", "streams", "calls/s", "errors/s", "in flight"].map((name) => cell(name, "dim")),
  ...transports.map(({ transport, connections, streams, calls, errors, inFlight }) => [
    cell(transport),
    cell(whole(connections)),
    cell(whole(streams)),
    cell(amount(calls ?? 0)),
    cell(amount(errors ?? 0), (errors ?? 0) > 0 ? "bad" : undefined),
    cell(whole(inFlight ?? 0)),
  ]),
];

function methodRows({ methods }: Figures): Cell[][] {
  const heading = ["", "calls/s", "errors/s", "p50", "p90", "p99"].map((name) => cell(name, "dim"));
  return [
    heading,
    ...methods.slice(0, MAX_METHODS).map(({ service, method, calls, errors, latency }) => [
      cell(`${service}/${method}`),
      cell(amount(calls)),
      cell(amount(errors), (errors ?? 0) > 0 ? "bad" : undefined),
      cell(seconds(latency.p50)),
      cell(seconds(latency.p90)),
      cell(seconds(latency.p99)),
    ]),
  ];
}

function systemLines(
  { figures, keys }: TopState,
  status: GetStatusResponse,
  columns: number,
  paint: Paint,
): string[] {
  const nowMs = status.clock?.now_ms.toNumber() ?? 0;
  const units = status.units.map(({ name, healthy, detail }) =>
    healthy ? `${visible(name)} ok` : paint("bad", `${visible(name)} NOT OK: ${visible(detail, 60)}`)
  );
  const clock = status.clock?.known ? "clock known" : paint("bad", "CLOCK NOT KNOWN");
  const certificates = status.certificates.map(({ names, subject, state, not_after_ms }) => {
    const left = duration(not_after_ms.toNumber() - nowMs);
    const text = `${visible(names[0] ?? subject, 40)} ${
      state === CertificateState.EXPIRED ? "EXPIRED" : left
    }`;
    return state === CertificateState.VALID ? text : paint("warn", text);
  });
  const { edge, process } = figures ?? {};
  const lines: [string, readonly string[]][] = [
    ["units", [...units, clock]],
    ["certificates", certificates],
    ["keys", keys === "" ? [] : [keys]],
    [
      "agent",
      process === undefined ? [] : [
        `memory ${bytes(process.memoryBytes)}`,
        `held ${bytes(process.heldBytes)}`,
        `event loop lag p99 ${seconds(process.lag.p99)}`,
      ],
    ],
    [
      "network",
      edge === undefined ? [] : [
        `kernel TCP, ${whole(edge.connections)} connections`,
        `${amount(edge.handshakes)} handshakes/s`,
        ...edge.drops.slice(0, MAX_DROPS).map(({ name, total }) =>
          paint("warn", `${words(name)} ${whole(total)}`)
        ),
      ],
    ],
  ];
  return lines.filter(([, parts]) => parts.length > 0)
    .map(([name, parts]) => paint("dim", name.padEnd(13)) + fitted(parts, columns - 13));
}

/** As many parts as there is room for: what marks a text has no width. */
function fitted(parts: readonly string[], columns: number): string {
  let line = "";
  let width = 0;
  for (const part of parts) {
    const own = plain(part).length + (line === "" ? 0 : 3);
    if (width + own > columns) return line === "" ? cut(plain(part), columns) : line;
    line += (line === "" ? "" : " · ") + part;
    width += own;
  }
  return line;
}

// deno-lint-ignore no-control-regex -- what Paint puts around a text
const plain = (text: string): string => text.replace(/\x1b\[[0-9;]*m/g, "");

const refusalRows = ({ refusalsBy, deniedBy }: Figures): Cell[][] =>
  [...refusalsBy, ...deniedBy].slice(0, MAX_DROPS).map(({ name, total, rate }) => [
    cell(words(name)),
    cell(whole(total)),
    cell(`${amount(rate)}/s`, (rate ?? 0) > 0 ? "warn" : undefined),
  ]);

/** A table whose first column takes what room is left, its numbers to the right. */
function section(title: string, rows: readonly (readonly Cell[])[], columns: number, paint: Paint): string[] {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from(
    { length: count },
    (_, i) => Math.max(...rows.map((row) => row[i]?.text.length ?? 0)),
  );
  let shown = count;
  const numbers = (upTo: number) => widths.slice(1, upTo).reduce((sum, width) => sum + width + 2, 0);
  while (shown > 1 && numbers(shown) + 16 > columns) shown--;
  const first = Math.min(Math.max(widths[0] ?? 0, title.length), columns - numbers(shown));
  return rows.map((row, index) => {
    const name = index === 0 && row[0].text === "" ? cell(title, "dim") : row[0];
    const cells = row.slice(1, shown).map(({ text, style }, i) => {
      const padded = text.padStart(widths[i + 1] + 2);
      return style === undefined ? padded : paint(style, padded);
    });
    const begin = cut(name.text, first).padEnd(first);
    return (name.style === undefined ? begin : paint(name.style, begin)) + cells.join("");
  });
}

function eventText({ at_ms, kind, message, fields }: Event, columns: number, paint: Paint): string {
  const name = nameOf(kind);
  const bad = /LOST|EXPIRED|CLOCK_UNKNOWN/.test(name);
  const values = Object.entries(fields).map(([key, value]) => `${visible(key)}=${visible(value)}`).join(" ");
  const text = cut(
    `${clockTime(at_ms.toNumber())}  ${words(name).padEnd(22)}${visible(message)}  ${values}`,
    columns,
  );
  return bad ? paint("bad", text) : /DENIED|NEAR|REVERTED/.test(name) ? paint("warn", text) : text;
}

export const unitWords = (status: GetStatusResponse | undefined): string =>
  status === undefined || status.units.every(({ healthy }) => healthy)
    ? "ok"
    : status.units.filter(({ healthy }) => !healthy).map(({ name }) => `${visible(name)} NOT OK`).join(", ");

const cut = (text: string, columns: number): string =>
  text.length <= columns ? text : `${text.slice(0, Math.max(0, columns - 1))}…`;

function spread(left: string, right: string, columns: number): string {
  return left + " ".repeat(Math.max(2, columns - plain(left).length - right.length)) + right;
}
