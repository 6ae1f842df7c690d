// A time as text, whatever number came as one.

/** RFC 3339 in UTC; beyond what Date can hold, the number itself. */
export function isoTime(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? `${ms} ms since 1970` : date.toISOString();
}
