// Timers that don't keep the process alive, in the shape in which tests replace them.

/** Runs `done` once after `delayMs`, without keeping the process alive; gives what cancels it. */
export type AfterTimer = (delayMs: number, done: () => void) => () => void;

export const backgroundTimer: AfterTimer = (delayMs, done) => {
  const timer = setTimeout(done, delayMs);
  Deno.unrefTimer(timer);
  return () => clearTimeout(timer);
};

/** Runs `run` every `periodMs` until it is cancelled, without keeping the process alive. */
export function backgroundInterval(periodMs: number, run: () => void): () => void {
  const timer = setInterval(run, periodMs);
  Deno.unrefTimer(timer);
  return () => clearInterval(timer);
}
