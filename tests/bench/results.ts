// What a comparison found, as its JSON has it. Only data: report.ts and goals.ts read it.
import type { Measured } from "./generator.ts";
import type { Machine } from "./machine.ts";
import type { Form, Transport } from "./options.ts";

export interface CallCell {
  readonly transport: Transport;
  readonly form: Form;
  /** Connections x streams. */
  readonly column: string;
}

export interface StreamCell {
  readonly transport: Transport;
  readonly mode: "bidi" | "flow";
  readonly payloadBytes: number;
}

export interface OpenCell extends CallCell {
  /** Calls a second, the same for every side. */
  readonly rate: number;
}

/** One cell of a table: what each side did there, the median of the rounds. */
export interface Row<Cell> {
  readonly cell: Cell;
  /** By side. */
  readonly sides: Readonly<Record<string, Figures>>;
}

/** Medians, each of its own. */
export interface Figures {
  readonly rate: number;
  readonly mbPerSecond: number;
  readonly serverCpuUs: number;
  readonly rssBytes: number;
  readonly generatorCpuShare: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  /** Lowest and highest rate of the rounds: how far to trust the median. */
  readonly lowest: number;
  readonly highest: number;
}

export interface Growth {
  readonly side: string;
  /** Resident memory after each million calls, bytes. */
  readonly rssBytes: readonly number[];
}

/** The same load by two generators. */
export interface Ceiling {
  readonly side: string;
  readonly column: string;
  readonly ours: number;
  readonly h2load: number;
  /** Calls a second if the generator's core were busy all the time. */
  readonly ceiling: number;
}

export interface Results {
  readonly machine: Machine;
  readonly date: string;
  readonly pinned: boolean;
  readonly rounds: number;
  readonly seconds: number;
  /** Sides by name, with their description. */
  readonly sides: Readonly<Record<string, string>>;
  /** What wasn't measured, and why. */
  readonly missing: readonly string[];
  readonly calls: readonly Row<CallCell>[];
  readonly streams: readonly Row<StreamCell>[];
  readonly open: readonly Row<OpenCell>[];
  /** Resident memory after the calls and before the streams, bytes, by side. */
  readonly rssBytes: Readonly<Record<string, number>>;
  readonly growth: readonly Growth[];
  readonly ceilings: readonly Ceiling[];
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return NaN;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function figures(runs: readonly Measured[]): Figures {
  const of = (pick: (run: Measured) => number) => median(runs.map(pick));
  const rates = runs.map((run) => run.rate);
  return {
    rate: median(rates),
    mbPerSecond: of((run) => run.mb_per_second ?? 0),
    serverCpuUs: of((run) => run.server_cpu_us),
    rssBytes: of((run) => run.server_rss_bytes),
    generatorCpuShare: of((run) => run.generator_cpu_share),
    p50Us: of((run) => run.latency_us?.p50 ?? 0),
    p99Us: of((run) => run.latency_us?.p99 ?? 0),
    p999Us: of((run) => run.latency_us?.p999 ?? 0),
    lowest: Math.min(...rates),
    highest: Math.max(...rates),
  };
}
