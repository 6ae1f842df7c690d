// What an attack costs those who behave: the rate of a good client beside it, and the agent's memory.
// Must never let the attacker take the agent's core, nor run before the good client does.
//
//   one core: the agent          another: the good client; the attacker and the signer, at the lowest priority
import { setPriority } from "node:os";
import { run } from "../lib/command.ts";
import { residentBytes, type Serving, startServe } from "../lib/serve.ts";
import { GoodClient } from "./good_client.ts";
import type { GoodCount } from "./good_caller.ts";

/** How long the good client is watched before the attack, and again after it. */
const CALM_MS = 400;
/** ... and with it. */
const ATTACK_MS = 800;
/** How often the agent's memory is looked at meanwhile. */
const MEMORY_EVERY_MS = 50;
/** Calls after which both programs are warm. */
const WARM_CALLS = 50_000;
const AGENT_CORE = "0";
const OTHERS_CORE = "1";
const LOWEST_PRIORITY = 19;

/** What one measurement saw. */
export interface Beside {
  /** Good calls a second beside the attack, as a share of those without it. */
  share: number;
  /** Good calls that failed in this test. */
  failed: number;
  failure?: string;
  /** The agent's largest resident memory. */
  peakBytes: number;
}

/** An agent, a good client that calls all the time, and room for an attack. */
export class Arena {
  private constructor(readonly serving: Serving, private readonly good: GoodClient) {}

  static async start(config = ""): Promise<Arena> {
    const serving = await startServe(`[log]\ncalls = "off"\n${config}`);
    const good = new GoodClient(serving.tcp);
    while ((await good.count()).ok < WARM_CALLS) await sleep(MEMORY_EVERY_MS);
    const signers = await childrenOf(serving.pid);
    if (navigator.hardwareConcurrency > 1) {
      await pin(serving.pid, AGENT_CORE);
      for (const pid of [good.pid, Deno.pid, ...signers]) await pin(pid, OTHERS_CORE);
    }
    // Signing is not what the good client asks for: it waits too.
    for (const pid of [Deno.pid, ...signers]) setPriority(pid, LOWEST_PRIORITY);
    return new Arena(serving, good);
  }

  /**
   * Measures calm, attack, calm: what slows the whole machine down slows both.
   * @param attackers each repeats its attack until `over`
   */
  async beside(attackers: number, attacker: (over: () => boolean) => Promise<void>): Promise<Beside> {
    const before = await this.rate(CALM_MS);
    let over = false;
    let peakBytes = 0;
    const watch = setInterval(() => {
      void residentBytes(this.serving.pid).then((bytes) => peakBytes = Math.max(peakBytes, bytes));
    }, MEMORY_EVERY_MS);
    const attacks = Promise.all(Array.from({ length: attackers }, () => attacker(() => over)));
    const during = await this.rate(ATTACK_MS);
    over = true;
    await attacks;
    clearInterval(watch);
    const after = await this.rate(CALM_MS);
    const { failed, failure } = after.count;
    const calm = (before.perSecond + after.perSecond) / 2;
    return { share: during.perSecond / calm, failed, failure, peakBytes };
  }

  /** Good calls a second, of those in which neither program had to wait for its core: others may use the machine. */
  async rate(ms = CALM_MS): Promise<{ perSecond: number; count: GoodCount }> {
    const pids = [this.serving.pid, this.good.pid];
    const waitedBefore = await Promise.all(pids.map(waitedMs));
    const from = await this.good.count();
    await sleep(ms);
    const count = await this.good.count();
    const waitedAfter = await Promise.all(pids.map(waitedMs));
    const waited = Math.max(...pids.map((_, i) => waitedAfter[i] - waitedBefore[i]));
    return { perSecond: (count.ok - from.ok) / (count.atMs - from.atMs - waited) * 1_000, count };
  }

  async stop(): Promise<void> {
    await this.good.stop();
    await this.serving.stop();
  }
}

/** How long the main thread of a process has waited for a core so far (Linux, Documentation/scheduler/sched-stats.rst). */
async function waitedMs(pid: number): Promise<number> {
  // A kernel without it: the measurement is only less sharp.
  const text = await Deno.readTextFile(`/proc/${pid}/schedstat`).catch(() => "0 0 0");
  return Number(text.split(" ")[1]) / 1e6;
}

/** Keeps all threads of a process on one core; where that may not be done, the measurement is only less sharp. */
async function pin(pid: number, core: string): Promise<void> {
  await run("sh", ["-c", `taskset -acp ${core} ${pid}`]);
}

async function childrenOf(pid: number): Promise<number[]> {
  const { out } = await run("sh", ["-c", `pgrep -P ${pid}`]);
  return out.split("\n").filter((line) => line !== "").map(Number);
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
