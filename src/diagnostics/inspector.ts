// V8's own view of this process, through the inspector's protocol: a CPU profile, a heap snapshot.
// Must never look twice at once, nor go on for a caller who went away.
import { Session } from "node:inspector";
import { redactKeys } from "./redact_keys.ts";

/** Between two looks at the stack. */
const SAMPLING_INTERVAL_US = 1_000;
/**
 * V8 takes some 16 times the live heap while it looks (src/diagnostics, measured with small objects): beyond this the
 * agent could end for want of memory.
 */
export const MAX_SNAPSHOT_HEAP_BYTES = 48 * 1024 * 1024;

/** Why there is none. */
export class DiagnosticsError extends Error {
  override readonly name = "DiagnosticsError";

  constructor(readonly reason: "BUSY" | "HEAP_TOO_LARGE" | "NOT_HERE", message: string, cause?: unknown) {
    super(message, { cause });
  }
}

/** A look that takes its time; one at a time in a process. */
export class Inspector {
  #busy = false;

  /** @param heapBytes live heap */
  constructor(private readonly heapBytes: () => number = () => Deno.memoryUsage().heapUsed) {}

  /**
   * A CPU profile of `ms` milliseconds, or of the time until `signal` aborts: JSON (.cpuprofile).
   * @throws DiagnosticsError
   */
  profileCpu(ms: number, signal: AbortSignal): Promise<string> {
    return this.#alone(async (session) => {
      await session.post("Profiler.enable");
      await session.post("Profiler.setSamplingInterval", { interval: SAMPLING_INTERVAL_US });
      await session.post("Profiler.start");
      await until(ms, signal);
      const { profile } = await session.post<{ profile: object }>("Profiler.stop");
      await session.post("Profiler.disable");
      return JSON.stringify(profile);
    });
  }

  /**
   * What the heap holds, in parts of JSON (.heapsnapshot) without private keys.
   * @param take gets one part after the other
   * @throws DiagnosticsError and what `take` throws
   */
  snapshotHeap(take: (part: string) => Promise<void>, signal: AbortSignal): Promise<void> {
    return this.#alone(async (session) => {
      // What nobody holds any more doesn't count.
      await session.post("HeapProfiler.collectGarbage");
      this.#checkHeap();
      const parts: string[] = [];
      session.onEvent("HeapProfiler.addHeapSnapshotChunk", ({ chunk }) => parts.push(chunk));
      await session.post("HeapProfiler.takeHeapSnapshot", { reportProgress: false });
      const redacted = redactKeys();
      for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
        if (signal.aborted) return;
        await take(redacted.next(part));
      }
      await take(redacted.end());
    });
  }

  #checkHeap(): void {
    const heapBytes = this.heapBytes();
    if (heapBytes <= MAX_SNAPSHOT_HEAP_BYTES) return;
    const [is, most] = [heapBytes, MAX_SNAPSHOT_HEAP_BYTES].map((bytes) => Math.ceil(bytes / 1024 / 1024));
    throw new DiagnosticsError(
      "HEAP_TOO_LARGE",
      `the agent's heap has ${is} MiB, and a snapshot of more than ${most} MiB could end it for want of memory; ` +
        "try again when less goes on",
    );
  }

  async #alone<T>(look: (session: InspectorSession) => Promise<T>): Promise<T> {
    if (this.#busy) {
      throw new DiagnosticsError(
        "BUSY",
        "another profile or snapshot is being made; call again when it is done",
      );
    }
    this.#busy = true;
    try {
      const session = new InspectorSession();
      try {
        return await look(session);
      } finally {
        session.close();
      }
    } finally {
      this.#busy = false;
    }
  }
}

/** The part of node's Session that is used, with promises. */
class InspectorSession {
  readonly #session = new Session();

  /** @throws DiagnosticsError where the process may not look at itself */
  constructor() {
    try {
      this.#session.connect();
    } catch (error) {
      throw new DiagnosticsError(
        "NOT_HERE",
        "the agent was started without the right to look at itself",
        error,
      );
    }
  }

  post<T = unknown>(method: string, params: object = {}): Promise<T> {
    // Nothing else may keep a process alive that waits for V8's answer.
    const alive = setInterval(() => {}, 1_000);
    return new Promise<T>((resolve, reject) => {
      this.#session.post(method, params, (error: Error | null, result?: object) => {
        if (error) reject(error);
        else resolve(result as T);
      });
    }).finally(() => clearInterval(alive));
  }

  onEvent(name: string, heard: (params: { chunk: string }) => void): void {
    this.#session.on(name, (message: { params: { chunk: string } }) => heard(message.params));
  }

  close(): void {
    this.#session.disconnect();
  }
}

/** Resolves after `ms`, or as soon as `signal` aborts. */
function until(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}
