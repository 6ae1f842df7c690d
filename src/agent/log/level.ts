// The levels of a log line and their order.
// Must never depend on the rest of the log: the configuration's schema reads it.

/** From the most to the least talkative; "off" is for setting only, no line has it. */
export const LEVELS = ["debug", "info", "warn", "error", "off"] as const;

/** What a component may be set to. */
export type Level = (typeof LEVELS)[number];

/** What a line may have. */
export type LineLevel = Exclude<Level, "off">;

/** Higher is graver. A line is written when its rank is at least its component's. */
export const RANK: Readonly<Record<Level, number>> = { debug: 10, info: 20, warn: 30, error: 40, off: 50 };
