// Fuzzing for as long as GATEHOUSE_FUZZ_MINUTES says: every property in turn, each turn with a new seed.
// Must never pass in silence over a run that hangs: a watchdog on its own thread ends the process.
//
//   GATEHOUSE_FUZZ_MINUTES=60 ./gatehouse test --only fuzz
//   GATEHOUSE_FUZZ_SEED=123 GATEHOUSE_FUZZ_ONLY=connection ./gatehouse test --only fuzz     again from a seed
import { note } from "../../src/cli/output.ts";
import { properties, type Property } from "./properties.ts";

const MINUTES = Number(Deno.env.get("GATEHOUSE_FUZZ_MINUTES") ?? "5");
const ONLY = Deno.env.get("GATEHOUSE_FUZZ_ONLY");
const FIRST_SEED = Number(Deno.env.get("GATEHOUSE_FUZZ_SEED") ?? Math.floor(Math.random() * 0x7fff_ffff));
/** A turn takes seconds; this long without the end of one is an endless loop. */
const HANG_MS = 300_000;
const PROGRESS_MS = 30_000;
/** Growth of the live heap, after collection, over the whole time: caches of the runtime's, nothing of ours. */
const MAX_GROWTH_BYTES = 64 * 1024 * 1024;

if (!(MINUTES > 0) || !Number.isInteger(FIRST_SEED)) {
  note("GATEHOUSE_FUZZ_MINUTES must be a number above 0, GATEHOUSE_FUZZ_SEED a whole number");
  Deno.exit(2);
}

/** Counts its own ticks instead of reading a clock, so that a process that was stopped has not hung. */
const watchdog = new Worker(
  URL.createObjectURL(
    new Blob([`
      const tickMs = 1000;
      let ticks = 0, turn = "";
      onmessage = ({ data }) => { ticks = 0; turn = data; };
      setInterval(() => {
        if (++ticks * tickMs < ${HANG_MS}) return;
        console.error("hangs: " + turn);
        Deno.kill(Deno.pid, "SIGKILL");
      }, tickMs);
    `]),
  ),
  { type: "module" },
);

const collect = (globalThis as { gc?: () => void }).gc;
const liveHeapBytes = () => {
  collect?.();
  return Deno.memoryUsage().heapUsed;
};

function replayLine(property: Property, seed: number): string {
  return `GATEHOUSE_FUZZ_SEED=${seed} GATEHOUSE_FUZZ_ONLY="${property.name}" ./gatehouse test --only fuzz`;
}

/** Time spent in turns. One that took longer was stopped from outside: that time counts no more than this. */
const MAX_TURN_MS = 60_000;
let spentMs = 0;
const runs = new Map(properties.map(({ name }) => [name, 0]));
let seed = FIRST_SEED;
let shownMs = 0;
let failed = false;
let baseline = 0;
note(`seed ${FIRST_SEED}, ${MINUTES} minutes`);
while (!failed && spentMs < MINUTES * 60_000) {
  for (const property of properties) {
    if (ONLY !== undefined && property.name !== ONLY) continue;
    watchdog.postMessage(replayLine(property, seed));
    const before = performance.now();
    const details = await property.check({ seed, numRuns: property.runs });
    spentMs += Math.min(performance.now() - before, MAX_TURN_MS);
    runs.set(property.name, (runs.get(property.name) ?? 0) + details.numRuns);
    if (!details.failed) continue;
    failed = true;
    const error = details.errorInstance;
    note(`failed: ${property.name}, after ${details.numRuns} runs and ${details.numShrinks} shrinks`);
    note(`again:  ${replayLine(property, seed)}    (path ${details.counterexamplePath})`);
    note(`case for seeds.ts: ${JSON.stringify(details.counterexample?.[0])}`);
    note(error instanceof Error ? error.stack ?? error.message : String(error));
  }
  baseline ||= liveHeapBytes();
  seed = (seed + 1) & 0x7fff_ffff;
  if (spentMs - shownMs >= PROGRESS_MS || failed) show();
}
if (!failed) show();
const growth = liveHeapBytes() - baseline;
if (collect !== undefined && growth > MAX_GROWTH_BYTES) {
  failed = true;
  note(`failed: the live heap grew by ${growth} bytes`);
}
watchdog.terminate();
Deno.exit(failed ? 1 : 0);

function show(): void {
  shownMs = spentMs;
  const minutes = (spentMs / 60_000).toFixed(1);
  const heap = Math.round(liveHeapBytes() / 1_048_576);
  const all = [...runs].filter(([, count]) => count > 0).map(([name, count]) => `${name} ${count}`);
  note(`${minutes} min, seed ${seed}, live heap ${heap} MiB, runs: ${all.join(", ")}`);
}
