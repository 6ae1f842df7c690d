// Requests that come too slowly: each holds a stream, and what it has sent so far (slow loris on the body).
// Must never count a stream that is quiet between two messages: streams may be quiet.
import { REQUEST_STALL_MIN_BYTES } from "./limits.ts";

/** What is asked of a call. */
export interface IncomingRequest {
  readonly streamId: number;
  /** A message of it has begun, or must come, and is not whole. */
  readonly awaitsBytes: boolean;
  /** Ends the call. */
  stalled(): void;
}

interface Seen {
  readonly sinceMs: number;
  readonly bytes: number;
}

/** One connection's. Knows only what its last look saw. */
export class RequestStalls {
  #seen = new Map<number, Seen>();

  /** @param receivedBytes of a stream, so far */
  check(
    calls: readonly IncomingRequest[],
    receivedBytes: (streamId: number) => number,
    nowMs: number,
    timeoutMs: number,
  ): void {
    const seen = new Map<number, Seen>();
    for (const call of calls) {
      if (!call.awaitsBytes) continue;
      const bytes = receivedBytes(call.streamId);
      const before = this.#seen.get(call.streamId);
      if (before === undefined || bytes - before.bytes >= REQUEST_STALL_MIN_BYTES) {
        seen.set(call.streamId, { sinceMs: nowMs, bytes });
      } else if (nowMs - before.sinceMs >= timeoutMs) {
        call.stalled();
      } else {
        seen.set(call.streamId, before);
      }
    }
    this.#seen = seen;
  }
}
