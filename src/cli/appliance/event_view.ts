// An event as a line of text, and as JSON.
// Must never let a control character of a peer's through to a terminal.
import { nameOf } from "../../agent/event_kinds.ts";
import { isoTime } from "../../agent/iso_time.ts";
import { visible } from "../../agent/log/escape.ts";
import type { Event } from "../../proto/mod.ts";

/** What programs read: one object an event. */
export function eventJson({ sequence, at_ms, kind, message, fields }: Event) {
  return {
    sequence: sequence.toNumber(),
    at: isoTime(at_ms.toNumber()),
    kind: nameOf(kind),
    message,
    fields,
  };
}

/** "2026-11-21T11:58:03.120Z  12  SIGNER_LOST  the signer doesn't answer  name=value" */
export function eventLine(event: Event): string {
  const { at, sequence, kind, message, fields } = eventJson(event);
  const values = Object.entries(fields).map(([name, value]) => `${visible(name)}=${visible(value)}`);
  return [at, sequence, kind, visible(message), ...values].join("  ");
}
