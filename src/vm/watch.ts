// Watches one boot until it is healthy or has failed. Decides nothing: it says what
// it saw, and boot.ts what follows.

import type { Clock } from "./clock.ts";
import type { Launched } from "./launch.ts";
import type { VmPaths } from "./paths.ts";
import { isAlive } from "./process.ts";
import { ConsoleWatch, GrowingFile, logTail } from "./serial.ts";

export interface BootLimits {
  /** From QEMU's start to the first healthy answer. */
  readonly healthMs: number;
  /** The longest time without a byte on the serial console while not healthy. */
  readonly silenceMs: number;
}

/**
 * A boot takes 15-21 s under software emulation and a few seconds with KVM; a machine that
 * does other things at once gets nine times that. Silence: the console is quiet while the
 * agent starts, which took up to 10 s.
 */
export const BOOT_LIMITS: Record<"kvm" | "tcg", BootLimits> = {
  kvm: { healthMs: 60_000, silenceMs: 30_000 },
  tcg: { healthMs: 180_000, silenceMs: 90_000 },
};

export type BootOutcome =
  | { readonly kind: "healthy" }
  | { readonly kind: "cancelled" }
  /** `detail` says what was seen, for the user. */
  | { readonly kind: "panicked" | "died" | "hung" | "refused"; readonly detail: string };

export interface BootWatch {
  readonly launched: Launched;
  readonly paths: VmPaths;
  readonly limits: BootLimits;
  /** Asked again and again, one question at a time; a throw counts as no. */
  isHealthy(signal: AbortSignal): Promise<boolean>;
  onConsoleLine(line: string): void;
  readonly signal?: AbortSignal;
}

const POLL_MS = 100;
/** Between two health questions; a guest under emulation must not be busy with them. */
const HEALTH_PAUSE_MS = 300;
/** A question that hangs is given up and asked anew: a dial may wait on a guest that isn't up. */
const HEALTH_ANSWER_MS = 10_000;

/** Returns at the first of: healthy, panic, a process's end, silence, deadline, the caller's signal. */
export async function watchBoot(watch: BootWatch, clock: Clock): Promise<BootOutcome> {
  const { launched, paths, limits } = watch;
  const startMs = clock.nowMs();
  const console = new ConsoleWatch(startMs);
  using log = new GrowingFile(paths.serialLog);
  const end = new AbortController();
  let healthy = false;
  const asking = askHealth(watch, clock, end.signal).then((answer) => healthy = answer);
  try {
    for (;;) {
      const alive = isAlive(launched.qemu);
      for (let text = await log.readMore(); text !== ""; text = await log.readMore()) {
        console.push(text, clock.nowMs());
      }
      watch.onConsoleLine(console.lastLine);

      if (watch.signal?.aborted) return { kind: "cancelled" };
      if (console.panic !== undefined) return { kind: "panicked", detail: console.panic };
      if (console.refusal !== undefined) return { kind: "refused", detail: console.refusal };
      const events = launched.qmp?.takeEvents() ?? [];
      if (events.some(({ name }) => name === "GUEST_PANICKED")) {
        return { kind: "panicked", detail: "the guest's kernel reported a panic" };
      }
      if (!alive) return { kind: "died", detail: await lastWords(paths) };
      if (launched.vhostVsock !== undefined && !isAlive(launched.vhostVsock)) {
        return {
          kind: "died",
          detail: `the VSOCK daemon ended: ${await logTail(paths.vhostLog, 2) || "it said nothing"}`,
        };
      }
      if (healthy) return { kind: "healthy" };

      const nowMs = clock.nowMs();
      if (nowMs - startMs > limits.healthMs) {
        return { kind: "hung", detail: `no healthy answer within ${seconds(limits.healthMs)}` };
      }
      if (console.silentMs(nowMs) > limits.silenceMs) {
        return { kind: "hung", detail: `nothing on its console for ${seconds(limits.silenceMs)}` };
      }
      await clock.sleep(POLL_MS, watch.signal);
    }
  } finally {
    end.abort();
    await asking;
  }
}

/** Asks until the answer is yes (true) or `end` (false). Never rejects. */
async function askHealth(watch: BootWatch, clock: Clock, end: AbortSignal): Promise<boolean> {
  while (!end.aborted) {
    const one = new AbortController();
    const question = watch.isHealthy(AbortSignal.any([end, one.signal])).catch(() => false);
    const answer = await Promise.race([question, clock.sleep(HEALTH_ANSWER_MS, end).then(() => false)]);
    one.abort();
    if (answer) return !end.aborted;
    await clock.sleep(HEALTH_PAUSE_MS, end);
  }
  return false;
}

async function lastWords(paths: VmPaths): Promise<string> {
  const words = await logTail(paths.qemuLog, 3);
  return words === "" ? "the guest ended or reset by itself" : `QEMU ended: ${words}`;
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}
