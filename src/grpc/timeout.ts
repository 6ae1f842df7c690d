// The grpc-timeout header: at most 8 digits and a unit (grpc/grpc doc/PROTOCOL-HTTP2.md, "Timeout").
// Text and milliseconds only; who expires is deadline_queue.ts.

const UNIT_MS: Record<string, number> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };
const SHAPE = /^([0-9]{1,8})([HMSmun])$/;
const MAX_DIGITS = 99_999_999;

/** Milliseconds (fractions for `u` and `n`), or undefined when `text` is no timeout. */
export function parseTimeout(text: string): number | undefined {
  const match = SHAPE.exec(text);
  return match ? Number(match[1]) * UNIT_MS[match[2]] : undefined;
}

/** The shortest unit that 8 digits can hold, rounded up; a past deadline is `0m`. */
export function formatTimeout(timeoutMs: number): string {
  const ms = Math.max(0, Math.ceil(timeoutMs));
  if (ms <= MAX_DIGITS) return `${ms}m`;
  const seconds = Math.ceil(ms / UNIT_MS.S);
  if (seconds <= MAX_DIGITS) return `${seconds}S`;
  return `${Math.min(Math.ceil(ms / UNIT_MS.H), MAX_DIGITS)}H`;
}
