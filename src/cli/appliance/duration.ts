// A length of time in the two units that matter, for people.

const UNITS: readonly (readonly [name: string, seconds: number])[] = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
  ["s", 1],
];

/** "3 h 12 min", "41 s", "0 s"; a negative one as 0. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const at = UNITS.findIndex(([, unit]) => seconds >= unit);
  if (at < 0) return "0 s";
  const [name, unit] = UNITS[at];
  const whole = `${Math.floor(seconds / unit)} ${name}`;
  const next = UNITS[at + 1];
  const rest = next === undefined ? 0 : Math.floor((seconds % unit) / next[1]);
  return rest === 0 ? whole : `${whole} ${rest} ${next[0]}`;
}
