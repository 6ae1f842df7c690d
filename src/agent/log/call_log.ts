// One line for each finished call, at most so many a second; the rest is counted and said.
// Must never cost more than a comparison when a call is not to be logged.
import type { CallRecord } from "../../grpc/server.ts";
import { type AfterTimer, backgroundTimer } from "../background_timer.ts";
import type { LineLevel } from "./level.ts";
import type { Logger } from "./log.ts";
import { errorText } from "./value.ts";

export type { CallRecord } from "../../grpc/server.ts";

/** What to log of calls; the keys `log.calls` and `log.calls_per_second`. */
export interface CallLogOptions {
  readonly calls: "all" | "errors" | "off";
  readonly callsPerSecond: number;
  readonly after?: AfterTimer;
}

/** The hook. `close` says what is counted and not said yet: for the end of the process. */
export type CallLog = ((record: CallRecord) => void) & { close(): void };

/** Length of the window in which `callsPerSecond` lines may be written. */
const WINDOW_MS = 1000;

/** https://github.com/grpc/grpc/blob/master/doc/statuscodes.md; the index is the code. */
export const STATUS_NAMES: readonly string[] = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
];

// Faults of this side. All other statuses tell the caller of its own doing, and that is no warning here.
const FAULTS: Readonly<Record<string, LineLevel>> = {
  UNKNOWN: "error",
  INTERNAL: "error",
  DATA_LOSS: "error",
  UNAVAILABLE: "warn",
  DEADLINE_EXCEEDED: "warn",
  RESOURCE_EXHAUSTED: "warn",
};

/**
 * Makes the hook for the server's finished calls. At most `callsPerSecond` lines come in one second, counted
 * from the first; when some were left out, a line at the end of that second says how many, and how many of
 * them failed.
 */
export function callLogger(logger: Logger, options: CallLogOptions): CallLog {
  if (options.calls === "off") return Object.assign(() => {}, { close() {} });

  const errorsOnly = options.calls === "errors";
  const after = options.after ?? backgroundTimer;
  let written = 0;
  let suppressed = 0;
  let suppressedFailed = 0;
  let cancelWindow: (() => void) | undefined;

  const endWindow = () => {
    cancelWindow = undefined;
    if (suppressed > 0) {
      logger.warn("calls not logged", {
        suppressed,
        suppressed_failed: suppressedFailed,
        calls_per_second: options.callsPerSecond,
      });
    }
    written = suppressed = suppressedFailed = 0;
  };

  const onCall = (record: CallRecord) => {
    if (errorsOnly && record.status === 0) return;
    if (written >= options.callsPerSecond) {
      suppressed++;
      if (record.status !== 0) suppressedFailed++;
      return;
    }
    const status = STATUS_NAMES[record.status] ?? `STATUS_${record.status}`;
    const level = FAULTS[status] ?? "info";
    if (!logger.enabled(level)) return;
    written++;
    cancelWindow ??= after(WINDOW_MS, endWindow);
    logger.write(level, "call", {
      call_id: record.callId,
      transport: record.peer.transport,
      peer: record.peer.address,
      method: record.method,
      status,
      duration_ms: Math.round(record.durationMs * 1000) / 1000,
      // Why, for faults of this side: the caller is told less.
      error: level === "error" && record.error !== undefined ? errorText(cause(record.error)) : undefined,
    });
  };

  return Object.assign(onCall, {
    close() {
      cancelWindow?.();
      endWindow();
    },
  });
}

/** A refusal may carry what it was made of. */
function cause(error: unknown): unknown {
  const carried = typeof error === "object" && error !== null && "cause" in error ? error.cause : undefined;
  return carried ?? error;
}
