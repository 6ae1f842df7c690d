// The comparison of signing as Markdown. Only formats: every figure is of figures.ts.
import { ratio, tableOf, thousands } from "../report.ts";
import {
  type ManyKeys,
  overOfTonic,
  type SignFigures,
  type SigningResults,
  type SigningRow,
} from "./figures.ts";
import { BATCH_ITEMS, CONNECTIONS, DATA_BYTES, STREAMS } from "./load.ts";
import { ANCHOR, OWN } from "./sides.ts";

export function markdown(results: SigningResults): string {
  const { machine, date, pinned, rounds, seconds, sides, missing, rows, batch, alone, manyKeys } = results;
  const cores = pinned ? "servers on core 0, generator on core 1" : "one core, shared by all";
  const names = Object.keys(sides);
  const line = (label: string, cell: (row: SigningRow) => string) => [label, ...rows.map(cell)];
  const heading = ["", ...rows.map(({ task }) => task)];
  const each = (cell: (row: SigningRow, name: string) => string, label = (name: string) => name) =>
    names.map((name) => line(label(name), (row) => row.sides[name] ? cell(row, name) : ""));
  return [
    `${date}, ${machine.processor}, Linux ${machine.kernel}, ${machine.cores} cores (${cores}); load average before: ` +
    `${
      machine.load.toFixed(2)
    }. Medians of ${rounds} rounds of ${seconds} s, sides in turn; ${CONNECTIONS} ` +
    `connections x ${STREAMS} streams, ${DATA_BYTES} bytes that differ in every call.`,
    "",
    ...Object.entries(sides).map(([name, what]) => `- ${name}: ${what}`),
    ...missing.map((reason) => `- not measured: ${reason}`),
    "",
    "#### Signatures a second",
    `In parentheses CPU a signature of each process (${OWN}: agent + signer), us.`,
    "",
    ...tableOf(heading, [
      ...each((row, name) => signCell(row.sides[name])),
      line(
        "the operation by itself, aws-lc-rs",
        ({ bareUs }) => `${thousands(1e6 / bareUs)} (${bareUs.toFixed(2)})`,
      ),
    ]),
    "",
    ...tableOf(heading, [
      ...names.filter((name) => name !== OWN).map((name) =>
        line(`${OWN} / ${name}, rate`, ({ sides }) => ratio(sides[OWN]?.rate, sides[name]?.rate))
      ),
      ...each(
        (row, name) => `${((row.sides[name]?.cpuUs ?? NaN) - row.bareUs).toFixed(2)}`,
        (name) => `${name}: CPU over the operation, us`,
      ),
      line(`${OWN} / ${ANCHOR}, CPU over the operation`, (row) => overOfTonic(row, OWN)?.toFixed(2) ?? ""),
    ]),
    ...batch === undefined ? [] : [
      "",
      `SignBatch of ${BATCH_ITEMS}, P-256: ${signCell(batch)} signatures a second.`,
    ],
    ...Object.keys(alone).length === 0 ? [] : [
      "",
      "One call in flight on one connection, P-256, p50 and p99 in us: " +
      Object.entries(alone).map(([name, { p50, p99 }]) => `${name} ${p50.toFixed(0)} and ${p99.toFixed(0)}`)
        .join("; ") +
      ".",
    ],
    ...manyKeys === undefined ? [] : manyKeysLines(manyKeys),
    ...rows.every(({ h2load }) => Object.keys(h2load).length === 0) ? [] : [
      "",
      "#### The same load of constant bytes by h2load, calls a second",
      "",
      ...tableOf(heading, [
        ...names.map((name) => line(name, ({ h2load }) => cellOf(h2load[name]))),
        line(`${OWN} / ${ANCHOR}`, ({ h2load }) => ratio(h2load[OWN], h2load[ANCHOR])),
      ]),
    ],
  ].join("\n") + "\n";
}

function manyKeysLines({ keys, startMs, signerRssBytes, ten, uniform, zipf }: ManyKeys): string[] {
  return [
    "",
    `#### ${keys.toLocaleString("en")} keys of P-256`,
    `The signer answers ${Math.round(startMs)} ms after its start, and has ${
      (signerRssBytes / 1e6).toFixed(0)
    } ` +
    "MB in memory with every key opened. Signatures a second by Sign of gatehouse.v1.Crypto, of which keys:",
    "",
    ...tableOf(["", "signatures a second", "of ten keys'"], [
      ["ten", signCell(ten), ""],
      ["all, each as likely", signCell(uniform), ratio(uniform.rate, ten.rate)],
      ["all, by Zipf's law", signCell(zipf), ratio(zipf.rate, ten.rate)],
    ]),
  ];
}

const cellOf = (rate: number | undefined) => rate === undefined ? "" : thousands(rate);

function signCell(figures: SignFigures | undefined): string {
  if (figures === undefined) return "";
  return `${thousands(figures.rate)} (${figures.cpuUsEach.map((us) => us.toFixed(2)).join(" + ")})`;
}
