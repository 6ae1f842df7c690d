// The stream of events as one that doesn't break: it is taken up again after the last number that was seen, and
// what can't be had any more is said. Must never repeat an event, nor leave one out in silence.
import { status } from "@grpc/grpc-js";
import { GrpcError } from "../../grpc/client.ts";
import type { Event } from "../../proto/mod.ts";
import type { ApplianceCalls } from "./appliance_calls.ts";

/** Between two attempts to take the stream up again: soon after a restart, seldom while a machine is away. */
const FIRST_PAUSE_MS = 500;
const LAST_PAUSE_MS = 5_000;
/** Of one break: some reasons have a time in them. */
const MAX_TOLD_REASONS = 4;

export interface FollowOptions {
  /** Begins after this number; 0: with the oldest that is kept. */
  readonly after: number;
  /** Goes on after the newest event, until `signal` is aborted. */
  readonly follow: boolean;
  readonly signal: AbortSignal;
  /** Told of a break, and of what is lost: for people. */
  readonly onNotice: (text: string) => void;
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly now?: () => Date;
}

/** @throws GrpcError when the first attempt fails, or the caller may not watch (any more) */
export async function* followEvents(calls: ApplianceCalls, options: FollowOptions): AsyncGenerator<Event> {
  const { follow, signal, onNotice, sleep = pause, now = () => new Date() } = options;
  let { after } = options;
  let startedAt = "";
  let brokenSince: Date | undefined;
  /** Each reason is told once a break. */
  const told = new Set<string>();
  let pauseMs = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    try {
      const { last_event, started_at_ms } = await calls.status();
      if (startedAt !== "" && startedAt !== started_at_ms.toString()) {
        onNotice(
          `the agent has started anew: what happened after event ${after} and before it ended is lost`,
        );
        after = 0;
      }
      startedAt = started_at_ms.toString();
      const last = last_event.toNumber();
      if (!follow && after >= last) return;
      if (brokenSince !== undefined) {
        onNotice(`the stream is back; it was away since ${brokenSince.toISOString()}`);
      }
      brokenSince = undefined;
      pauseMs = FIRST_PAUSE_MS;
      for await (const event of calls.watchEvents({ after_sequence: after, include_kept: after === 0 })) {
        yield event;
        after = event.sequence.toNumber();
        if (!follow && after >= last) return;
      }
      if (!signal.aborted) throw new GrpcError(status.UNAVAILABLE, "the server ended it");
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof GrpcError)) throw error;
      if (error.code === status.OUT_OF_RANGE) {
        onNotice(`some events after ${after} are kept no longer: going on with the oldest one that is`);
        after = 0;
        continue;
      }
      if (!follow || startedAt === "" || !PASSING.has(error.code)) throw error;
      if (brokenSince === undefined) {
        brokenSince = now();
        told.clear();
        told.add(error.details);
        onNotice(`the stream broke (${error.details}); trying again since ${brokenSince.toISOString()}`);
      } else if (told.size < MAX_TOLD_REASONS && !told.has(error.details)) {
        told.add(error.details);
        onNotice(`still away: ${error.details}`);
      }
      await sleep(pauseMs, signal);
      pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS);
    }
  }
}

/** What another attempt may mend. */
const PASSING: ReadonlySet<number> = new Set([
  status.UNAVAILABLE,
  status.CANCELLED,
  status.DEADLINE_EXCEEDED,
  status.INTERNAL,
  status.UNKNOWN,
]);

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}
