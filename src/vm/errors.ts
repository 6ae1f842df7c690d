// The one error that the launcher throws on purpose: what is wrong and what to
// type next. It must never carry a secret, nor a stack meant for the reader.

/** Which kind of trouble, for callers that act on it and for `--json`. */
export type ErrorCode =
  | "busy" // another gatehouse works on this VM
  | "bad-argument"
  | "boot-failed"
  | "build-failed"
  | "cancelled"
  | "disk-full"
  | "invalid-name"
  | "missing-image"
  | "missing-tool"
  | "monitoring-failed"
  | "not-running"
  | "port-in-use"
  | "state-damaged"
  | "unknown-vm";

/** A failure with its next step. `message` says what and where, `next` what to do about it. */
export class GatehouseError extends Error {
  override readonly name = "GatehouseError";

  constructor(readonly code: ErrorCode, message: string, readonly next: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** The typed error of a Ctrl-C. */
export function cancelled(): GatehouseError {
  return new GatehouseError("cancelled", "stopped before it was done", "run the same command again");
}

/** Throws it when `signal` is aborted. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelled();
}
