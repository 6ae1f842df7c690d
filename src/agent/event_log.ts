// What happened in the appliance, in order: the last events in a ring, each also a line of the log, and those
// who watch. Must never queue for a watcher: each holds its place in the ring, and is told when the ring overran it.
import { EventKind } from "../proto/mod.ts";
import type { AfterTimer } from "./background_timer.ts";
import { levelOf, nameOf } from "./event_kinds.ts";
import { EventPace } from "./event_pace.ts";
import type { EmitEvent, EventKindNumber } from "./event_sink.ts";
import type { Logger } from "./log/mod.ts";

/** Events that are kept: days of a quiet appliance in under 1 MB, by the bounds below. */
export const MAX_KEPT_EVENTS = 1_024;

/** Watchers in all. Each is woken by every event, so more of them would slow what emits. */
export const MAX_WATCHERS = 32;

/** Watchers on one connection, so that one caller leaves room for the others. */
export const MAX_WATCHERS_PER_CONNECTION = 4;

/** Fields of one event; further ones are left out. Ours have six at most. */
export const MAX_EVENT_FIELDS = 12;

/** UTF-16 units of a field's name. Names are the program's own. */
const MAX_FIELD_NAME_UNITS = 40;

/** UTF-16 units of a value or a message. Values may be a peer's: a subject name, a SAN. */
export const MAX_EVENT_TEXT_UNITS = 512;

export interface LoggedEvent {
  /** Counts from 1 since the agent's start. */
  readonly sequence: number;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly kind: EventKindNumber;
  readonly message: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** Why a watcher is not let in, or ends. */
export class WatchError extends Error {
  override readonly name = "WatchError";

  constructor(
    readonly reason: "TOO_MANY_WATCHERS" | "EVENTS_GONE" | "STOPPING" | "PROVE_AGAIN",
    message: string,
  ) {
    super(message);
  }
}

/** One watcher's place. `next` is for one reader at a time. */
export interface EventWatch {
  /** The next event, in order and without a gap. @throws WatchError EVENTS_GONE, STOPPING */
  next(): Promise<LoggedEvent>;
  /** Gives the place back; a waiting `next` is settled with STOPPING. */
  close(): void;
}

export interface EventLogOptions {
  log: Logger;
  /** Milliseconds since 1970. */
  nowMs?: () => number;
  after?: AfterTimer;
}

export class EventLog {
  readonly #log: Logger;
  readonly #nowMs: () => number;
  readonly #pace: EventPace;
  /** At (sequence - 1) % MAX_KEPT_EVENTS. */
  readonly #kept: LoggedEvent[] = [];
  readonly #watchers = new Set<Watcher>();
  readonly #perConnection = new Map<object, number>();
  readonly #counts = new Map<EventKindNumber, number>();
  #last = 0;
  #closed = false;

  constructor({ log, nowMs = Date.now, after }: EventLogOptions) {
    this.#log = log;
    this.#nowMs = nowMs;
    this.#pace = new EventPace(
      (count) =>
        this.#append(EventKind.DENIED, "more was denied than is told one by one", {
          at_least: String(count),
        }),
      after,
    );
  }

  /** Near-duplicates of DENIED are counted and told together: whoever is denied may not flood the ring. */
  readonly emit: EmitEvent = (kind, message, fields = {}) => {
    if (kind === EventKind.DENIED && !this.#pace.take(bounded(message))) return;
    this.#append(kind, message, fields);
  };

  /** Events since the agent's start, by kind. */
  get counts(): ReadonlyMap<EventKindNumber, number> {
    return this.#counts;
  }

  /** The last event's number; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  /**
   * @param connection whose watcher it is, by identity
   * @param from after which number; "now" for what happens from here on, "kept" for all that is kept
   * @throws WatchError TOO_MANY_WATCHERS, EVENTS_GONE, STOPPING
   */
  watch(connection: object, from: number | "now" | "kept"): EventWatch {
    if (this.#closed) throw stopping();
    const own = this.#perConnection.get(connection) ?? 0;
    if (this.#watchers.size >= MAX_WATCHERS || own >= MAX_WATCHERS_PER_CONNECTION) {
      throw new WatchError(
        "TOO_MANY_WATCHERS",
        `${own} of ${MAX_WATCHERS_PER_CONNECTION} watchers on this connection, ${this.#watchers.size} of ` +
          `${MAX_WATCHERS} in all: end one first`,
      );
    }
    const after = from === "now" ? this.#last : from === "kept" ? this.#oldest - 1 : from;
    if (after > this.#last) {
      throw new WatchError(
        "EVENTS_GONE",
        `the last event is ${this.#last}: the agent has started anew since ${after}; ask for the kept ones`,
      );
    }
    this.#checkKept(after);
    const watcher = new Watcher(after, (position) => this.#read(position), () => {
      this.#watchers.delete(watcher);
      const left = (this.#perConnection.get(connection) ?? 1) - 1;
      if (left > 0) this.#perConnection.set(connection, left);
      else this.#perConnection.delete(connection);
    });
    this.#watchers.add(watcher);
    this.#perConnection.set(connection, own + 1);
    return watcher;
  }

  /** Ends every watcher once it has what happened until now. */
  close(): void {
    this.#pace.close();
    this.#closed = true;
    for (const watcher of this.#watchers) watcher.wake();
  }

  get #oldest(): number {
    return Math.max(1, this.#last - MAX_KEPT_EVENTS + 1);
  }

  #at(sequence: number): LoggedEvent {
    return this.#kept[(sequence - 1) % MAX_KEPT_EVENTS];
  }

  #checkKept(after: number): void {
    if (after + 1 >= this.#oldest) return;
    throw new WatchError(
      "EVENTS_GONE",
      `what came after ${after} is kept no longer, ${this.#oldest} is the oldest: ask for the kept ones`,
    );
  }

  #read(after: number): LoggedEvent | undefined {
    this.#checkKept(after);
    if (after < this.#last) return this.#at(after + 1);
    if (this.#closed) throw stopping();
    return undefined;
  }

  #append(kind: EventKindNumber, message: string, given: Readonly<Record<string, string>>): void {
    const sequence = ++this.#last;
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
    const fields = boundedFields(given);
    const event = { sequence, atMs: this.#nowMs(), kind, message: bounded(message), fields };
    this.#kept[(sequence - 1) % MAX_KEPT_EVENTS] = event;
    this.#log.write(levelOf(kind), event.message, { event: nameOf(kind), sequence, ...fields });
    for (const watcher of this.#watchers) watcher.wake();
  }
}

class Watcher implements EventWatch {
  #after: number;
  #wake: (() => void) | undefined;
  #closed = false;

  constructor(
    after: number,
    private readonly read: (after: number) => LoggedEvent | undefined,
    private readonly leave: () => void,
  ) {
    this.#after = after;
  }

  async next(): Promise<LoggedEvent> {
    for (;;) {
      if (this.#closed) throw stopping();
      const event = this.read(this.#after);
      if (event !== undefined) {
        this.#after = event.sequence;
        return event;
      }
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.leave();
    this.wake();
  }
}

const stopping = () => new WatchError("STOPPING", "the agent stops; watch again after the last number");

/** Cut without leaving half a surrogate pair, which protobuf's strings can't have. */
const bounded = (text: string, units = MAX_EVENT_TEXT_UNITS): string => text.slice(0, units).toWellFormed();

function boundedFields(fields: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).slice(0, MAX_EVENT_FIELDS)
      .map(([name, value]) => [bounded(name, MAX_FIELD_NAME_UNITS), bounded(value)]),
  );
}
