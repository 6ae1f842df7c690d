// What the comparison of signing found, and its goals. Only data and arithmetic.
import type { Measured } from "../generator.ts";
import type { Goal } from "../goals.ts";
import type { Machine } from "../machine.ts";
import { median } from "../results.ts";
import { ANCHOR, OWN } from "./sides.ts";

/** A key and what is signed with it. */
export interface Task {
  readonly name: string;
  /** Its key of the bare operation's report. */
  readonly bare: "rsa-2048" | "p-256" | "p-384";
  /** KeyType and SigningAlgorithm of crypto.proto. */
  readonly keyType: number;
  readonly algorithm: number;
  /** The well-known key, and its Algorithm of gatehouse.v1. */
  readonly key: string;
  readonly ownAlgorithm: number;
  /** Least share of tonic's calls a second. */
  readonly shareOfTonic: number;
}

export const P256: Task = {
  name: "P-256",
  bare: "p-256",
  keyType: 1,
  algorithm: 2,
  key: "default-p256",
  ownAlgorithm: 3,
  shareOfTonic: 0.7,
};

export const TASKS: readonly Task[] = [
  {
    name: "RSA-2048 PKCS#1",
    bare: "rsa-2048",
    keyType: 0,
    algorithm: 0,
    key: "default-rsa",
    ownAlgorithm: 1,
    shareOfTonic: 0.95,
  },
  P256,
  {
    name: "P-384",
    bare: "p-384",
    keyType: 1,
    algorithm: 16,
    key: "default-p384",
    ownAlgorithm: 5,
    shareOfTonic: 0.95,
  },
];

/** CPU a call over the bare operation, as a multiple of tonic's. */
const MAX_OVER_OF_TONIC = 1.5;
/** From the start of a signer with many keys until it answers. */
const MAX_START_MS = 2_000;
/** Least share of the rate under ten keys, where each of many is as likely, and by Zipf's law. */
const UNIFORM_OF_TEN = 0.9;
const ZIPF_OF_TEN = 0.97;

export interface SignFigures {
  /** Signatures a second. */
  readonly rate: number;
  /** CPU a signature of all its processes, us. */
  readonly cpuUs: number;
  readonly cpuUsEach: readonly number[];
  /** Of the generator's core. */
  readonly clientShare: number;
  readonly lowest: number;
  readonly highest: number;
}

export interface SigningRow {
  readonly task: string;
  /** CPU of the operation by itself, us, in the same run. */
  readonly bareUs: number;
  readonly sides: Readonly<Record<string, SignFigures>>;
  /** The same load of constant bytes by h2load, calls a second. */
  readonly h2load: Readonly<Record<string, number>>;
}

/** A signer with many keys of P-256. */
export interface ManyKeys {
  readonly keys: number;
  /** From its start to its word that it answers. */
  readonly startMs: number;
  /** After all of it, every key opened. */
  readonly signerRssBytes: number;
  readonly ten: SignFigures;
  readonly uniform: SignFigures;
  readonly zipf: SignFigures;
}

/** One call in flight, P-256: microseconds from its first byte to its answer. */
export type Alone = Readonly<Record<string, { readonly p50: number; readonly p99: number }>>;

export interface SigningResults {
  readonly machine: Machine;
  readonly date: string;
  readonly pinned: boolean;
  readonly rounds: number;
  readonly seconds: number;
  readonly sides: Readonly<Record<string, string>>;
  readonly missing: readonly string[];
  readonly rows: readonly SigningRow[];
  /** SignBatch of 64 under the P-256 key, signatures a second; none where the agent has no gatehouse.v1.Crypto. */
  readonly batch?: SignFigures;
  readonly alone: Alone;
  readonly manyKeys?: ManyKeys;
}

export function signFigures(runs: readonly Measured[]): SignFigures {
  const of = (pick: (run: Measured) => number) => median(runs.map(pick));
  const rates = runs.map(({ rate }) => rate);
  return {
    rate: median(rates),
    cpuUs: of(({ server_cpu_us }) => server_cpu_us),
    cpuUsEach: (runs[0]?.server_cpu_us_each ?? []).map((_, at) =>
      of(({ server_cpu_us_each }) => server_cpu_us_each[at] ?? NaN)
    ),
    clientShare: of(({ generator_cpu_share }) => generator_cpu_share),
    lowest: Math.min(...rates),
    highest: Math.max(...rates),
  };
}

/** CPU over the bare operation, as a multiple of tonic's. */
export function overOfTonic({ bareUs, sides }: SigningRow, side: string): number | undefined {
  const [own, tonic] = [sides[side], sides[ANCHOR]];
  return own && tonic && (own.cpuUs - bareUs) / (tonic.cpuUs - bareUs);
}

/** A goal that wasn't measured has no line. */
export function goalsOf({ rows, batch, manyKeys }: SigningResults): Goal[] {
  const goals: Goal[] = [];
  for (const row of rows) {
    const task = TASKS.find(({ name }) => name === row.task);
    const [own, tonic] = [row.sides[OWN], row.sides[ANCHOR]];
    const over = overOfTonic(row, OWN);
    if (task === undefined || !own || !tonic || over === undefined) continue;
    goals.push(atLeast(`${row.task}: of tonic`, task.shareOfTonic, own.rate / tonic.rate), {
      what: `${row.task}: CPU over the bare operation, of tonic's`,
      goal: `${MAX_OVER_OF_TONIC} at most`,
      found: over.toFixed(2),
      met: over <= MAX_OVER_OF_TONIC,
    });
  }
  const oneByOne = rows.find(({ task }) => task === "P-256")?.sides[ANCHOR];
  if (batch && oneByOne) {
    goals.push(atLeast("P-256 by SignBatch of 64: of tonic one by one", 1, batch.rate / oneByOne.rate));
  }
  if (manyKeys) goals.push(...manyKeysGoals(manyKeys));
  return goals;
}

function manyKeysGoals({ keys, startMs, ten, uniform, zipf }: ManyKeys): Goal[] {
  const what = `${keys} keys of P-256`;
  return [
    {
      what: `${what}: start`,
      goal: `${MAX_START_MS} ms at most`,
      found: `${Math.round(startMs)} ms`,
      met: startMs <= MAX_START_MS,
    },
    atLeast(`${what}: uniform access, of ten keys' rate`, UNIFORM_OF_TEN, uniform.rate / ten.rate),
    atLeast(`${what}: access by Zipf's law, of ten keys' rate`, ZIPF_OF_TEN, zipf.rate / ten.rate),
  ];
}

const atLeast = (what: string, goal: number, found: number): Goal => ({
  what,
  goal: String(goal),
  found: found.toFixed(2),
  met: found >= goal,
});
