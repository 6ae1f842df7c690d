// What parts of the agent use to say that something happened that an operator watches for.
import type { EventKind } from "../proto/mod.ts";

export type EventKindNumber = typeof EventKind[keyof typeof EventKind];

/** Takes an event; it never throws and never waits. Nothing in `fields` may be a secret. */
export type EmitEvent = (
  kind: EventKindNumber,
  message: string,
  fields?: Readonly<Record<string, string>>,
) => void;
