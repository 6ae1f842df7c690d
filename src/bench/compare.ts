// Two reports side by side: rates and percentiles with their ratios, and what was asked differently.
// Must never call two runs comparable in silence: a difference in the options is always told.
import type { BenchReport, ServiceReport } from "./document.ts";
import type { ServiceName } from "./options.ts";
import { formatMs, formatRate } from "./text.ts";

const FIGURES = ["rate", "mean", "p50", "p90", "p99", "p99_9", "p99_99", "max"] as const;
type Figure = typeof FIGURES[number];

export interface ComparedFigure {
  /** Calls a second for `rate`, microseconds otherwise; null where nothing was measured. */
  readonly a: number | null;
  readonly b: number | null;
  /** b / a. */
  readonly ratio: number | null;
}

export interface ComparedService {
  readonly service: ServiceName;
  readonly failed: { readonly a: number; readonly b: number };
  readonly figures: Readonly<Record<Figure, ComparedFigure>>;
}

export interface Comparison {
  readonly services: readonly ComparedService[];
  /** Services that only one of the two has. */
  readonly unmatched: readonly ServiceName[];
  /** Options and machine, as "rate: 100 | 200". */
  readonly differences: readonly string[];
  /** What is slower than allowed, in words; empty when no bound was given. */
  readonly slower: readonly string[];
}

/**
 * @param failIfSlowerPercent how much worse B's figures may be: its rate, for an open loop its p50 and p99
 */
export function compareReports(a: BenchReport, b: BenchReport, failIfSlowerPercent?: number): Comparison {
  const services: ComparedService[] = [];
  const unmatched: ServiceName[] = [];
  for (const one of a.services) {
    const other = b.services.find(({ service }) => service === one.service);
    if (other === undefined) unmatched.push(one.service);
    else services.push(compareService(one, other));
  }
  unmatched.push(
    ...b.services.map(({ service }) => service).filter((name) =>
      a.services.every(({ service }) => service !== name)
    ),
  );
  const open = a.options.rate !== null || b.options.rate !== null;
  return {
    services,
    unmatched,
    differences: [
      ...differences({ interrupted: a.interrupted }, { interrupted: b.interrupted }),
      ...differences(a.options, b.options),
      ...differences({ ...a.machine, load_average: 0 }, { ...b.machine, load_average: 0 }),
    ],
    slower: failIfSlowerPercent === undefined ? [] : [
      ...services.flatMap((service) => slowerFigures(service, open, failIfSlowerPercent)),
      ...unmatched.map((name) => `${name}: measured in one of the two only`),
    ],
  };
}

function compareService(a: ServiceReport, b: ServiceReport): ComparedService {
  const figure = (name: Figure): ComparedFigure => {
    const [one, other] = [a, b].map((side) => name === "rate" ? side.rate : side.latency_us?.[name] ?? null);
    return {
      a: one,
      b: other,
      ratio: one === null || other === null || one === 0 ? null : Number((other / one).toFixed(3)),
    };
  };
  return {
    service: a.service,
    failed: { a: a.failed, b: b.failed },
    figures: Object.fromEntries(FIGURES.map((name) => [name, figure(name)])) as Record<
      Figure,
      ComparedFigure
    >,
  };
}

function slowerFigures({ service, figures }: ComparedService, open: boolean, percent: number): string[] {
  const judged: Figure[] = open ? ["p50", "p99"] : ["rate"];
  return judged.flatMap((name) => {
    const { a, b } = figures[name];
    if (a === null || a === 0) return [];
    if (b === null || b === 0) return [`${service}: B has no ${name}`];
    // For a rate "slower" is less, for a latency more.
    const worsePercent = (name === "rate" ? 1 - b / a : b / a - 1) * 100;
    return worsePercent > percent
      ? [`${service}: ${name} is ${worsePercent.toFixed(1)}% worse, ${percent}% is allowed`]
      : [];
  });
}

function differences(a: Record<string, unknown>, b: Record<string, unknown>): string[] {
  return Object.keys(a)
    .filter((key) => String(a[key]) !== String(b[key]))
    .map((key) => `${key}: ${a[key] ?? "none"} | ${b[key] ?? "none"}`);
}

/** Heading and one row a figure, for a table. */
export function comparisonRows({ services }: Comparison): string[][] {
  return [
    ["service", "figure", "A", "B", "B/A"],
    ...services.flatMap(({ service, figures, failed }) => [
      ...FIGURES.map((name) => {
        const { a, b, ratio } = figures[name];
        const text = (value: number | null) =>
          name === "rate" ? formatRate(value ?? 0) : formatMs(value ?? undefined);
        const label = name === "rate" ? "rate/s" : `${name.replace("_", ".")} ms`;
        return [service, label, text(a), text(b), ratio === null ? "-" : ratio.toFixed(3)];
      }),
      [service, "failed", String(failed.a), String(failed.b), ""],
    ]),
  ];
}
