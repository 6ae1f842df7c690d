// Lengths of time and points in time as a person types them.
import { GatehouseError } from "../vm/errors.ts";

const UNITS: Readonly<Record<string, number>> = { "": 1, s: 1, m: 60, min: 60, h: 3_600, d: 86_400 };

/** "60s", "5m", "1h", "7d", or seconds; undefined for what is none. */
export function parseSeconds(text: string): number | undefined {
  const match = /^(\d{1,8})(s|m|min|h|d)?$/.exec(text.trim());
  return match === null ? undefined : Number(match[1]) * UNITS[match[2] ?? ""];
}

/** A day, which begins at midnight UTC, or RFC 3339. */
const INSTANT = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/;

/** Milliseconds since the Unix epoch. @throws GatehouseError */
export function parseInstant(option: string, text: string): number {
  const ms = INSTANT.test(text) ? Date.parse(text) : NaN;
  // 30 February is a day in March to Date.parse().
  const sameDay = new Date(`${text.slice(0, 10)}T00:00:00Z`);
  if (ms > 0 && !Number.isNaN(sameDay.getTime()) && sameDay.toISOString().startsWith(text.slice(0, 10))) {
    return ms;
  }
  throw new GatehouseError(
    "bad-argument",
    `${option} ${text}: no time`,
    "write it like 2027-01-31 (midnight UTC) or 2027-01-31T12:00:00+01:00",
  );
}

/** RFC 3339, or null where the API says 0 for "none". */
export const timeOrNull = (ms: number): string | null => ms === 0 ? null : new Date(ms).toISOString();
