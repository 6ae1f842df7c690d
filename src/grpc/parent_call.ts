// A call made on behalf of a call that this process serves: it gets the rest of its deadline, and its cancellation.
// Must never stay behind in the parent's listeners: a long stream may start thousands of calls.
import { type ChannelInterface, type Deadline, propagate } from "@grpc/grpc-js";
import type { Clock } from "./clock.ts";

/** The server call of grpc-js, and of our server. grpc-js doesn't export the type by name. */
export type ParentCall = NonNullable<Parameters<ChannelInterface["createCall"]>[3]>;

/** A grpc-js deadline (milliseconds since 1970, or a Date) on `clock`. */
export function deadlineToMs(deadline: Deadline, clock: Clock): number {
  const epochMs = deadline instanceof Date ? deadline.getTime() : deadline;
  return epochMs === Infinity ? Infinity : clock.nowMs() + epochMs - clock.epochMs();
}

/** The parent's deadline on `clock`, Infinity when it gives none. @param flags grpc-js's `propagate_flags` */
export function parentDeadlineMs(parent: ParentCall, flags: number, clock: Clock): number {
  return (flags & propagate.DEADLINE) === 0 ? Infinity : deadlineToMs(parent.getDeadline(), clock);
}

/** Cancels with the parent, at once when that is cancelled already. Returns what ends the tie. */
export function followParent(parent: ParentCall, flags: number, cancel: () => void): () => void {
  if ((flags & propagate.CANCELLATION) === 0) return () => {};
  if (parent.cancelled) {
    cancel();
    return () => {};
  }
  parent.on("cancelled", cancel);
  return () => parent.off("cancelled", cancel);
}

export const PARENT_CANCELLED = "Cancelled by parent call";
