// What the comparison of doors found, as its JSON has it. Only data, and how it is read from the generators.
import type { Machine } from "../machine.ts";
import { median } from "../results.ts";

/** What `edge-load` prints (tests/bench/edge/src/meter.rs). */
export interface LoadReport {
  /** Handshakes or bytes. */
  readonly units: number;
  readonly seconds: number;
  readonly server_cpu_seconds: number;
  readonly own_cpu_seconds: number;
  /** Handshakes that resumed a session. */
  readonly resumed?: number;
}

/** Medians of the rounds, each of its own. */
export interface DoorFigures {
  /** Units a second. */
  readonly rate: number;
  /** CPU time of the server, seconds a unit. */
  readonly cpu: number;
  /** Of one core. */
  readonly serverShare: number;
  readonly clientShare: number;
  /** Lowest and highest rate of the rounds: how far to trust the median. */
  readonly lowest: number;
  readonly highest: number;
}

export const TASKS = [
  { name: "full, 1.3", handshake: true, tls: "1.3", resume: false },
  { name: "resumed, 1.3", handshake: true, tls: "1.3", resume: true },
  { name: "full, 1.2", handshake: true, tls: "1.2", resume: false },
  { name: "resumed, 1.2", handshake: true, tls: "1.2", resume: true },
  { name: "client to backend", handshake: false, direction: "up" },
  { name: "backend to client", handshake: false, direction: "down" },
] as const;
export type Task = typeof TASKS[number];

/** One cell of the calls' table. */
export interface EchoFigures {
  readonly rate: number;
  /** CPU time a call of all processes, and of each of them, us. */
  readonly cpuUs: number;
  readonly cpuUsEach: readonly number[];
  readonly clientShare: number;
}

export interface EchoRow {
  readonly form: string;
  readonly column: string;
  /** By side. */
  readonly sides: Readonly<Record<string, EchoFigures>>;
}

export interface DoorResults {
  readonly machine: Machine;
  readonly date: string;
  readonly pinned: boolean;
  readonly rounds: number;
  readonly seconds: number;
  /** By name, with their description. */
  readonly servers: Readonly<Record<string, string>>;
  readonly sides: Readonly<Record<string, string>>;
  readonly missing: readonly string[];
  /** By task, then by server. */
  readonly doors: Readonly<Record<string, Readonly<Record<string, DoorFigures>>>>;
  readonly echo: readonly EchoRow[];
}

/** Of the handshakes that were to resume, so many may have been full ones (a ticket's key that changed). */
const MIN_RESUMED_SHARE = 0.99;

/** @throws Error when a report isn't of what was asked for */
export function readLoad(text: string, task: Task): LoadReport {
  const report = JSON.parse(text) as LoadReport;
  if (!(report.units > 0 && report.seconds > 0)) throw new Error(`nothing was measured: ${text}`);
  if (!task.handshake) return report;
  const share = (report.resumed ?? 0) / report.units;
  if (task.resume ? share < MIN_RESUMED_SHARE : share > 0) {
    throw new Error(`${task.name}: ${Math.round(share * 100)}% of the handshakes resumed a session`);
  }
  return report;
}

export function doorFigures(runs: readonly LoadReport[]): DoorFigures {
  const of = (pick: (run: LoadReport) => number) => median(runs.map(pick));
  const rates = runs.map(({ units, seconds }) => units / seconds);
  return {
    rate: median(rates),
    cpu: of(({ server_cpu_seconds, units }) => server_cpu_seconds / units),
    serverShare: of(({ server_cpu_seconds, seconds }) => server_cpu_seconds / seconds),
    clientShare: of(({ own_cpu_seconds, seconds }) => own_cpu_seconds / seconds),
    lowest: Math.min(...rates),
    highest: Math.max(...rates),
  };
}
