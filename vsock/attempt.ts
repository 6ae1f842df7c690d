// One try at opening something, ended by a time limit or by the caller's signal.
// Must never leak what arrives after the end: a late result is discarded.

/** The pause between two tries at a Unix socket whose queue is full. */
const FULL_QUEUE_PAUSE_MS = 10;

export interface AttemptLimits {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Runs `open` until it settles, `timeoutMs` has passed (rejects with `timedOut()`)
 * or the signal is aborted (rejects with its reason). `open` gets a signal of its
 * own that tells it to stop; what it still resolves to is closed.
 */
export function attempt<T extends { close(): void }>(
  open: (signal: AbortSignal) => Promise<T>,
  limits: AttemptLimits,
  timedOut: () => Error,
): Promise<T> {
  const { timeoutMs, signal } = limits;
  return new Promise<T>((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = new AbortController();
    let over = false;
    const finish = () => {
      over = true;
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    };
    const fail = (error: unknown) => {
      if (over) return;
      finish();
      reject(error);
      stop.abort(error);
    };
    const onAbort = () => fail(signal?.reason);
    const timer = setTimeout(() => fail(timedOut()), timeoutMs);
    signal?.addEventListener("abort", onAbort);
    open(stop.signal).then((opened) => {
      if (over) return opened.close();
      finish();
      resolve(opened);
    }, fail);
  });
}

/** Connects to a Unix socket; waits while its queue of unaccepted connections is full. */
export async function connectUnix(path: string, signal: AbortSignal): Promise<Deno.UnixConn> {
  for (;;) {
    try {
      return await Deno.connect({ transport: "unix", path });
    } catch (error) {
      // Linux answers EAGAIN at once where a blocking connect would wait (unix(7)).
      if (!(error instanceof Deno.errors.WouldBlock) || signal.aborted) throw error;
      await new Promise((resolve) => setTimeout(resolve, FULL_QUEUE_PAUSE_MS));
    }
  }
}
