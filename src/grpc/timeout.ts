// The grpc-timeout header: at most 8 digits and a unit (grpc/grpc doc/PROTOCOL-HTTP2.md, "Timeout").
// Text and milliseconds only; who expires is deadline_queue.ts.

const UNIT_MS: Record<string, number> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };
const MAX_DIGITS = 8;
const MAX_VALUE = 99_999_999;
const ZERO = 0x30;

/** Milliseconds (fractions for `u` and `n`), or undefined when `text` is no timeout. */
export function parseTimeout(text: string): number | undefined {
  // Without a regular expression, since every call with a deadline comes here.
  const digits = text.length - 1;
  if (digits < 1 || digits > MAX_DIGITS) return undefined;
  let value = 0;
  for (let i = 0; i < digits; i++) {
    const digit = text.charCodeAt(i) - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  const unitMs: number | undefined = UNIT_MS[text.charAt(digits)];
  return unitMs === undefined ? undefined : value * unitMs;
}

/** The shortest unit that 8 digits can hold, rounded up; a past deadline is `0m`. */
export function formatTimeout(timeoutMs: number): string {
  const ms = Math.max(0, Math.ceil(timeoutMs));
  if (ms <= MAX_VALUE) return `${ms}m`;
  const seconds = Math.ceil(ms / UNIT_MS.S);
  if (seconds <= MAX_VALUE) return `${seconds}S`;
  return `${Math.min(Math.ceil(ms / UNIT_MS.H), MAX_VALUE)}H`;
}
