// A signer with 100,000 keys: how soon it is there, what it takes, and whether signing under many keys is slower than
// under ten. The keys are put into the store directly; what is measured goes through agent and signer as ever.
import { REPO_ROOT } from "../../../src/cli/root.ts";
import { startSignerProcess } from "../../../src/signer/process.ts";
import { buildDataplane } from "../../../src/vm/artifacts.ts";
import { ensureSealingKey } from "../../../src/vm/sealing_key.ts";
import { runOk } from "../../lib/command.ts";
import { residentBytes } from "../../lib/serve.ts";
import type { Measured } from "../generator.ts";
import { median } from "../results.ts";
import { startServer } from "../server.ts";
import type { Side } from "../sides.ts";
import { type ManyKeys, signFigures, type Task } from "./figures.ts";
import { measureSigning } from "./load.ts";

export const KEYS = 100_000;
const FEW = 10;
const STARTS = 3;
/** SubjectPublicKeyInfo of a P-256 key (RFC 5480). */
const SPKI_BYTES = 91;
/** What is held against the first. */
const ACCESSES = {
  ten: { count: FEW, zipf: false },
  uniform: { count: KEYS, zipf: false },
  zipf: { count: KEYS, zipf: true },
} as const;

export interface ManyKeysOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly firstWarmupSeconds: number;
  readonly warmupSeconds: number;
}

/** @param dir an empty directory of its own */
export async function measureManyKeys(
  side: Side,
  task: Task,
  dir: string,
  { rounds, seconds, firstWarmupSeconds, warmupSeconds }: ManyKeysOptions,
): Promise<ManyKeys> {
  const stateDir = `${dir}/state`;
  await Deno.mkdir(stateDir, { recursive: true });
  const sealingKeyFile = await ensureSealingKey(`${stateDir}.sealing-key`, `${stateDir}/signer.db`);
  const publicKeys = { [KEYS]: `${dir}/keys.spki`, [FEW]: `${dir}/few.spki` };
  await fill(stateDir, sealingKeyFile, publicKeys[KEYS]);
  const all = await Deno.readFile(publicKeys[KEYS]);
  await Deno.writeFile(publicKeys[FEW], all.subarray(0, FEW * SPKI_BYTES));

  const startsMs: number[] = [];
  for (let start = 0; start < STARTS; start++) startsMs.push(await startMs(dir, stateDir, sealingKeyFile));

  const server = await startServer(side, dir);
  try {
    const measured = (
      { count, zipf }: { count: typeof KEYS | typeof FEW; zipf: boolean },
      warmup: number,
    ) => {
      const load = { publicKey: publicKeys[count], seconds, warmupSeconds: warmup, keys: { count, zipf } };
      return measureSigning(server, task, load);
    };
    // With all keys: each is opened by then.
    await measured(ACCESSES.uniform, firstWarmupSeconds);
    const runs = { ten: [] as Measured[], uniform: [] as Measured[], zipf: [] as Measured[] };
    for (let round = 0; round < rounds; round++) {
      for (const name of ["ten", "uniform", "zipf"] as const) {
        runs[name].push(await measured(ACCESSES[name], warmupSeconds));
      }
    }
    return {
      keys: KEYS,
      startMs: median(startsMs),
      signerRssBytes: server.signerPid === undefined ? NaN : await residentBytes(server.signerPid),
      ten: signFigures(runs.ten),
      uniform: signFigures(runs.uniform),
      zipf: signFigures(runs.zipf),
    };
  } finally {
    await server.stop();
  }
}

async function fill(stateDir: string, sealingKeyFile: string, publicKeysFile: string): Promise<void> {
  const cwd = `${REPO_ROOT}/dataplane`;
  const example = ["--release", "--locked", "--quiet", "-p", "gatehouse-signer", "--example", "fill_store"];
  await runOk("cargo", ["build", ...example], { cwd });
  const args = [stateDir, sealingKeyFile, String(KEYS), publicKeysFile];
  await runOk(`${cwd}/target/release/examples/fill_store`, args);
}

/** From its start to its word that it answers, on all cores of the machine. */
async function startMs(dir: string, stateDir: string, sealingKeyFile: string): Promise<number> {
  const { signer: binary } = await buildDataplane(REPO_ROOT, { onProgress() {} });
  const socket = `${dir}/start.sock`;
  const startedMs = performance.now();
  const started = await startSignerProcess({ binary, socket, stateDir, sealingKeyFile, onLog() {} });
  const tookMs = performance.now() - startedMs;
  await started.stop();
  return tookMs;
}
