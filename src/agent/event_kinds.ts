// What the log and the command line call the kinds of events, and how grave they are.
// Must never know what an event is about beyond its kind.
import { EventKind } from "../proto/mod.ts";
import type { EventKindNumber } from "./event_sink.ts";
import type { LineLevel } from "./log/mod.ts";

const NAMES = new Map<number, string>(Object.entries(EventKind).map(([name, value]) => [value, name]));

const WARNINGS: ReadonlySet<number> = new Set([
  EventKind.CONFIG_REVERTED,
  EventKind.CERTIFICATE_NEAR_EXPIRY,
  EventKind.CERTIFICATE_EXPIRED,
  EventKind.SIGNER_LOST,
  EventKind.EDGE_LOST,
  EventKind.CLOCK_UNKNOWN,
]);

/** "SIGNER_LOST"; "KIND_99" for a kind that this version doesn't know. */
export const nameOf = (kind: number): string => NAMES.get(kind) ?? `KIND_${kind}`;

/** What asks for an operator's eye is a warning. Denials are in the log already, by who denied. */
export const levelOf = (kind: EventKindNumber): LineLevel =>
  kind === EventKind.DENIED ? "debug" : WARNINGS.has(kind) ? "warn" : "info";
