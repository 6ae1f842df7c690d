// Numbers as an operator reads them: few digits, units beside them, the same on the page and in a terminal.
// Must never show a figure that isn't known as 0.

const NONE = "–";
/** U+202F: keeps a number and its unit in one line. */
const THIN = "\u202f";

type Maybe = number | undefined | null;

/** "0", "0.4", "12.3", "1,234", "12.3k", "4.56M" */
export function amount(value: Maybe): string {
  if (value === undefined || value === null || Number.isNaN(value)) return NONE;
  const size = Math.abs(value);
  if (size >= 1e6) return `${fixed(value / 1e6, 2)}M`;
  if (size >= 1e4) return `${fixed(value / 1e3, 1)}k`;
  if (size >= 100 || Number.isInteger(value)) return group(Math.round(value));
  if (size >= 10) return fixed(value, 1);
  return size < 0.005 ? "0" : fixed(value, 2);
}

/** A whole number with its thousands marked. */
export const whole = (value: Maybe): string =>
  value === undefined || value === null || Number.isNaN(value) ? NONE : group(Math.round(value));

/** "340 µs", "1.25 ms", "2.50 s" */
export function seconds(value: Maybe): string {
  if (value === undefined || value === null || Number.isNaN(value)) return NONE;
  if (value === 0) return `0${THIN}ms`;
  if (value < 0.001) return `${three(value * 1e6)}${THIN}µs`;
  if (value < 1) return `${three(value * 1e3)}${THIN}ms`;
  return `${three(value)}${THIN}s`;
}

const BYTES = ["B", "KiB", "MiB", "GiB", "TiB"];

/** "512 B", "12.3 MiB" */
export function bytes(value: Maybe): string {
  if (value === undefined || value === null || Number.isNaN(value)) return NONE;
  let size = value;
  let unit = 0;
  while (size >= 1024 && unit < BYTES.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${unit === 0 ? whole(size) : three(size)}${THIN}${BYTES[unit]}`;
}

/** "12.5 %" */
export const percent = (share: Maybe): string =>
  share === undefined || share === null || Number.isNaN(share) ? NONE : `${fixed(share * 100, 1)}${THIN}%`;

/** Three digits that count. */
const three = (value: number): string =>
  value >= 100 ? group(Math.round(value)) : fixed(value, value >= 10 ? 1 : 2);
const fixed = (value: number, digits: number): string => value.toFixed(digits);
const group = (value: number): string => String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ",");

/** "2026-11-21 12:00:03" in UTC, which is the appliance's own time. */
export const stamp = (ms: number): string => {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? NONE : date.toISOString().slice(0, 19).replace("T", " ");
};

/** "12:00:03" in UTC. */
export const clockTime = (ms: number): string => stamp(ms).slice(11) || NONE;
export const day = (ms: number): string => stamp(ms).slice(0, 10);

/** "SIGNER_LOST" as "signer lost". */
export const words = (name: string): string => name.toLowerCase().replaceAll("_", " ");
