// Says who was refused what, to the log and to whoever watches events; at most so often.
// Must never be what a flood of refused calls costs: beyond its bound it only counts.
import type { EmitEvent } from "../agent/event_sink.ts";
import type { Logger } from "../agent/log/mod.ts";
import type { Clock } from "../grpc/clock.ts";
import type { Peer } from "../grpc/conn.ts";
import { EventKind } from "../proto/mod.ts";
import type { Identity } from "./identity.ts";
import type { Rule } from "./refusals.ts";

/** Lines, and events, of refusals in one second; one line more counts the rest. Full logs and event rings. */
export const DENIALS_PER_SECOND = 10;
const WINDOW_MS = 1_000;

export interface Denial {
  readonly rule: Rule;
  readonly identity: Identity;
  readonly method: string;
  readonly peer: Peer;
}

export class Denials {
  readonly #counts = new Map<Rule, number>();
  #told = 0;
  #counted = 0;
  #windowEndsMs = -Infinity;

  constructor(
    private readonly log: Logger,
    private readonly emit: EmitEvent,
    private readonly clock: Clock,
  ) {}

  /** How often each rule refused. */
  get counts(): ReadonlyMap<Rule, number> {
    return this.#counts;
  }

  readonly tell = ({ rule, identity, method, peer }: Denial): void => {
    this.#counts.set(rule, (this.#counts.get(rule) ?? 0) + 1);
    if (this.clock.nowMs() >= this.#windowEndsMs) this.#begin();
    if (this.#told >= DENIALS_PER_SECOND) {
      this.#counted++;
      return;
    }
    this.#told++;
    const fields = { rule, identity: identity.name, method, transport: identity.transport };
    this.log.warn("denied", { ...fields, peer: peer.address });
    // Without the peer's address: its port would make every event another one.
    this.emit(EventKind.DENIED, `${identity.name} was denied ${method}: ${rule}`, fields);
  };

  #begin(): void {
    this.#tellRest();
    this.#told = 0;
    this.#windowEndsMs = this.clock.nowMs() + WINDOW_MS;
    // In the background: the end of the process needn't wait for a count.
    this.clock.startTimer(WINDOW_MS, () => this.#tellRest(), true);
  }

  #tellRest(): void {
    if (this.#counted === 0) return;
    this.log.warn("more was denied than is told one by one", { unreported: this.#counted });
    this.#counted = 0;
  }
}
