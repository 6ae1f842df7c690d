// gatehouse.v1.Events: what happens in the appliance, as a stream that never skips in silence.
// Must never write faster than the caller reads: what waits, waits in the one ring that all share.
import { once } from "node:events";
import { type handleServerStreamingCall, Metadata, type ServerWritableStream, status } from "@grpc/grpc-js";
import { type EventWatch, type LoggedEvent, WatchError } from "../agent/event_log.ts";
import { callerOf } from "../authority/caller.ts";
import { enrolledName, type Identity } from "../authority/identity.ts";
import { peerOf } from "../grpc/peer_of.ts";
import { type EventInit, EventKind, type WatchEventsRequest } from "../proto/mod.ts";
import { refuse } from "./refusal.ts";

/** The part of the event log that this service reads. */
export interface EventSource {
  /** The last event's number; 0 before the first. */
  readonly last: number;
  /** @throws WatchError */
  watch(connection: object, from: number | "now" | "kept"): EventWatch;
}

type WatchCall = ServerWritableStream<WatchEventsRequest, EventInit>;

const STATUS = {
  TOO_MANY_WATCHERS: status.RESOURCE_EXHAUSTED,
  EVENTS_GONE: status.OUT_OF_RANGE,
  STOPPING: status.UNAVAILABLE,
  PROVE_AGAIN: status.UNAVAILABLE,
} as const;

/** A call without a connection of its own (another server's): all of them share one watcher's limit. */
const NO_CONNECTION = {};

export function eventsService(events: EventSource) {
  const Watch: handleServerStreamingCall<WatchEventsRequest, EventInit> = async (call) => {
    try {
      // The guard has just let it in: what happened until now has been counted in.
      const admittedAfter = events.last;
      const { after_sequence, include_kept } = call.request;
      const after = after_sequence.toNumber();
      const from = after > 0 ? after : include_kept ? "kept" : "now";
      const watch = events.watch(peerOf(call) ?? NO_CONNECTION, from);
      call.on("cancelled", () => watch.close());
      try {
        await pump(watch, call, admittedAfter);
      } finally {
        watch.close();
      }
    } catch (error) {
      if (call.cancelled || call.destroyed) return;
      if (!(error instanceof WatchError)) throw error;
      call.emit("error", refuse(STATUS[error.reason], error.reason, error.message));
    }
  };
  return { Watch };
}

/**
 * Ends by what `next` or the wait for the caller throws.
 *
 * @param admittedAfter the last event before the caller was let in: older ones take no right away
 */
async function pump(watch: EventWatch, call: WatchCall, admittedAfter: number): Promise<never> {
  // Headers at once: the caller then knows that nothing from here on is missed.
  call.sendMetadata(new Metadata());
  const identity = callerOf(call);
  for (;;) {
    const event = await watch.next();
    const room = call.write(wireEvent(event));
    if (event.sequence > admittedAfter && identity !== undefined && mayEndRight(event, identity)) {
      throw new WatchError("PROVE_AGAIN", `who may watch has changed: watch again after ${event.sequence}`);
    }
    if (!room) await drained(call);
  }
}

/** A right is looked at when a call begins, and a watch may last for months: it ends when the right may be gone. */
function mayEndRight({ kind, fields }: LoggedEvent, { name, transport }: Identity): boolean {
  if (kind === EventKind.ADMIN_REMOVED) return name === enrolledName(fields.role, fields.name);
  // [access] of the configuration says what a certificate may.
  return transport === "tcp" && (kind === EventKind.CONFIG_APPLIED || kind === EventKind.CONFIG_REVERTED);
}

/** @throws when the call is closed before there is room */
async function drained(call: WatchCall): Promise<void> {
  const closed = new AbortController();
  const close = () => closed.abort();
  call.once("close", close);
  try {
    if (call.destroyed) return;
    await once(call, "drain", { signal: closed.signal });
  } finally {
    call.off("close", close);
  }
}

function wireEvent({ sequence, atMs, kind, message, fields }: LoggedEvent): EventInit {
  return { sequence, at_ms: atMs, kind, message, fields: { ...fields } };
}
