// The goals of the comparison, checked on its results. A goal that wasn't measured is not met: it has no line.
import type { CallCell, Figures, Results, Row } from "./results.ts";

/** Calls a second as a share of tonic's in the same run, by column. */
const SHARE_OF_TONIC: Readonly<Record<string, number>> = {
  "1x1": 0.9,
  "8x1": 0.75,
  "64x1": 0.75,
  "8x32": 1.3,
  "4x100": 1.3,
};
/** Or, less noisy: server CPU a call above that of the server that only reads and writes frames. */
const CPU_ABOVE_FRAMES_US = 3;
const AHEAD_OF_GRPC_GO = 1;
const TIMES_GRPC_JS = 3.5;
/** A Unix socket is to be no slower; less than this is noise. */
const UNIX_OF_TCP = 0.97;
const MAX_RSS_BYTES = 120e6;
/** From the first to the last million calls; the collector moves memory by more than nothing. */
const MAX_GROWTH = 1.05;

export interface Goal {
  readonly what: string;
  readonly goal: string;
  readonly found: string;
  readonly met: boolean;
}

/** @param subject which of our sides */
export function goalsOf(results: Results, subject: "engine" | "agent"): Goal[] {
  const goals: Goal[] = [];
  for (const row of results.calls) goals.push(...goalsOfCalls(row, results, subject));
  const rss = results.rssBytes[subject];
  if (rss !== undefined) {
    goals.push({
      what: `${subject}: resident memory`,
      goal: `${MAX_RSS_BYTES / 1e6} MB`,
      found: `${(rss / 1e6).toFixed(0)} MB`,
      met: rss <= MAX_RSS_BYTES,
    });
  }
  for (const { side, rssBytes } of results.growth) {
    const first = rssBytes[0];
    const last = rssBytes.at(-1);
    if (side !== subject || first === undefined || last === undefined) continue;
    goals.push({
      what: `${subject}: memory after ${rssBytes.length} million calls of that after the first`,
      goal: `${MAX_GROWTH} at most`,
      found: (last / first).toFixed(3),
      met: last / first <= MAX_GROWTH,
    });
  }
  return goals;
}

function goalsOfCalls({ cell, sides }: Row<CallCell>, results: Results, subject: string): Goal[] {
  const own = sides[subject];
  if (own === undefined) return [];
  const goals: Goal[] = [];
  const where = `${subject}: ${cell.column}, ${cell.form}, ${cell.transport}`;
  const share = SHARE_OF_TONIC[cell.column];
  if (share !== undefined && sides.tonic) goals.push(tonicGoal(where, share, own, sides.tonic, sides.frames));
  const ratio = (what: string, goal: number, other: Figures | undefined) => {
    if (other === undefined) return;
    const found = own.rate / other.rate;
    goals.push({
      what: `${where}: ${what}`,
      goal: String(goal),
      found: found.toFixed(2),
      met: found >= goal,
    });
  };
  ratio("of grpc-go", AHEAD_OF_GRPC_GO, sides["grpc-go"]);
  // At one call at a time the kernel's wake-ups limit all alike: the frames alone are hardly faster.
  if (cell.column !== "1x1") ratio("of grpc-js on Deno", TIMES_GRPC_JS, sides["grpc-js"]);
  if (cell.transport === "unix") {
    const tcp = results.calls.find((row) =>
      row.cell.transport === "tcp" && row.cell.column === cell.column && row.cell.form === cell.form
    );
    ratio("of the same on TCP", UNIX_OF_TCP, tcp?.sides[subject]);
  }
  return goals;
}

function tonicGoal(where: string, share: number, own: Figures, tonic: Figures, frames?: Figures): Goal {
  const found = own.rate / tonic.rate;
  const above = frames && own.serverCpuUs - frames.serverCpuUs;
  return {
    what: `${where}: of tonic`,
    goal: frames ? `${share}, or ${CPU_ABOVE_FRAMES_US} us of CPU a call above frames` : String(share),
    found: above === undefined ? found.toFixed(2) : `${found.toFixed(2)}, ${above.toFixed(2)} us`,
    met: found >= share || (above !== undefined && above <= CPU_ABOVE_FRAMES_US),
  };
}

export const goalLine = ({ what, goal, found, met }: Goal): string =>
  `goal ${what}: ${goal}: ${found} ${met ? "met" : "MISSED"}`;
