// What a run of the comparison covers: everything, or what the command line names.
import { parseArgs } from "node:util";
import { CACHE_DIR } from "../../src/cli/root.ts";
import { GatehouseError } from "../../src/vm/errors.ts";

export const SECTIONS = ["calls", "streams", "open", "growth", "generator"] as const;
export type Section = typeof SECTIONS[number];
export const COLUMNS = ["1x1", "8x1", "64x1", "8x32", "4x100"];
export type Form = "constant" | "varying" | "plain";
export type Transport = "tcp" | "unix";

export interface CompareOptions {
  readonly quick: boolean;
  readonly sections: readonly Section[];
  /** Sides by name; all that the machine can run when undefined. */
  readonly rows: readonly string[] | undefined;
  /** Connections x streams. */
  readonly columns: readonly string[];
  readonly forms: readonly Form[];
  readonly transports: readonly Transport[];
  /** How often each side is measured in each cell; the median counts. */
  readonly rounds: number;
  /** One measurement, without its warm-up. */
  readonly seconds: number;
  readonly growthCalls: number;
  /** The Markdown report; the JSON lies beside it. */
  readonly out: string;
}

/** Where the options come from when `./gatehouse test --only compare` runs this. */
export const OPTIONS_VARIABLE = "GATEHOUSE_COMPARE";

export const USAGE =
  `usage: deno task compare -- [options], or ${OPTIONS_VARIABLE}="options" of ./gatehouse test
  --quick               fewer rounds, shorter, TCP only (~4 min instead of ~17)
  --sections LIST       of ${SECTIONS.join(",")}
  --rows LIST           sides, by the name in the report's first column
  --columns LIST        of ${COLUMNS.join(",")}, or any other connections x streams
  --forms LIST          of constant,varying,plain (plain: new fields without indexing; not measured by default)
  --transports LIST     of tcp,unix
  --rounds N --seconds S
  --out FILE.md         default: .cache/bench/report.md`;

/** @throws GatehouseError for what it doesn't know */
export function parseOptions(args: string[]): CompareOptions {
  const text = { type: "string" } as const;
  const { values } = (() => {
    try {
      return parseArgs({
        args: args.filter((arg) => arg !== "--"),
        options: {
          quick: { type: "boolean", default: false },
          sections: text,
          rows: text,
          columns: text,
          forms: text,
          transports: text,
          rounds: text,
          seconds: text,
          out: text,
        },
      });
    } catch (error) {
      throw bad(error instanceof Error ? error.message : String(error));
    }
  })();
  const { quick } = values;
  const columns = list(values.columns) ?? (quick ? ["1x1", "8x32", "4x100"] : COLUMNS);
  for (const column of columns) columnOf(column);
  return {
    quick,
    sections: oneOf(SECTIONS, values.sections) ?? SECTIONS,
    rows: list(values.rows),
    columns,
    forms: oneOf(["constant", "varying", "plain"], values.forms) ?? ["constant", "varying"],
    transports: oneOf(["tcp", "unix"], values.transports) ?? (quick ? ["tcp"] : ["tcp", "unix"]),
    rounds: Math.round(positive(values.rounds, quick ? 2 : 3)),
    seconds: positive(values.seconds, quick ? 0.6 : 1),
    growthCalls: quick ? 2_000_000 : 10_000_000,
    out: values.out ?? `${CACHE_DIR}/bench/report.md`,
  };
}

/** @throws GatehouseError when it isn't CONNECTIONSxSTREAMS */
export function columnOf(text: string): { connections: number; streams: number } {
  const [, connections, streams] = /^([1-9]\d{0,3})x([1-9]\d{0,3})$/.exec(text) ?? [];
  if (connections === undefined || streams === undefined) throw bad(`${text} is no column`);
  return { connections: Number(connections), streams: Number(streams) };
}

function list(text: string | undefined): string[] | undefined {
  return text?.split(",").filter((name) => name !== "");
}

function oneOf<T extends string>(known: readonly T[], text: string | undefined): readonly T[] | undefined {
  const unknown = list(text)?.find((name) => !known.some((each) => each === name));
  if (unknown !== undefined) throw bad(`${unknown} is none of ${known.join(", ")}`);
  return text === undefined ? undefined : known.filter((each) => list(text)?.includes(each));
}

function positive(text: string | undefined, byDefault: number): number {
  const value = text === undefined ? byDefault : Number(text);
  if (!(value > 0 && value < 10_000)) throw bad(`${text} is no number above 0`);
  return value;
}

const bad = (message: string) => new GatehouseError("bad-argument", message, USAGE);
