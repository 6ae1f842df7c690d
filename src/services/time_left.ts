// How much of a call's time is left, for what is done on its behalf.

/** @param nowMs since the Unix epoch. @returns undefined when the caller has set no deadline */
export function timeLeftMs(
  call: { getDeadline(): number | Date },
  nowMs: number,
): number | undefined {
  const deadline = call.getDeadline();
  const deadlineMs = typeof deadline === "number" ? deadline : deadline.getTime();
  return deadlineMs === Infinity ? undefined : Math.max(0, deadlineMs - nowMs);
}
