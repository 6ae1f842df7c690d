// Events as lines of the log.
import { EventKind } from "../proto/mod.ts";
import type { EmitEvent } from "./event_sink.ts";
import type { Logger } from "./log/mod.ts";

/** An EmitEvent that writes a line for each. */
export function logEvents(log: Logger): EmitEvent {
  const names = new Map<number, string>(Object.entries(EventKind).map(([name, number]) => [number, name]));
  return (kind, message, fields) => log.info(message, { kind: names.get(kind) ?? String(kind), ...fields });
}
