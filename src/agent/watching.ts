// What the agent keeps an eye on as long as it lives: the clock, its certificates, the processes beside it. What it
// sees becomes events and health. Must never end because of what it sees.
import { EventKind } from "../proto/mod.ts";
import type { Health } from "../services/health.ts";
import type { Signer } from "../signer/signer.ts";
import { backgroundInterval } from "./background_timer.ts";
import { CertificateWatch } from "./certificate_watch.ts";
import type { ApplianceClock } from "./clock.ts";
import type { Sample } from "../telemetry/prometheus_text.ts";
import { EdgeMetrics } from "./edge_metrics.ts";
import type { EmitEvent } from "./event_sink.ts";
import type { Log } from "./log/mod.ts";
import { UnitWatch } from "./unit_watch.ts";

/** How often the edge is asked whether it lives. */
const EDGE_LOOK_MS = 1_000;

/** Questions in a row without an answer before the edge counts as lost: one may fall into a moment of load. */
const EDGE_MISSES = 2;

export interface WatchingOptions {
  readonly log: Log;
  readonly emit: EmitEvent;
  readonly clock: ApplianceClock;
  readonly health: Health;
  readonly signer: Signer;
  /** Path of the edge's metrics socket; absent: there is no edge, or it can't be asked. */
  readonly edgeMetrics?: string;
  /** Whether the configuration in force gives the edge anything to do. */
  readonly edgeWanted: () => boolean;
}

export class Watching {
  readonly clock: ApplianceClock;
  readonly certificates: CertificateWatch;
  readonly signer: UnitWatch;
  #edge: { watch: UnitWatch; metrics: EdgeMetrics; misses: number } | undefined;
  readonly #options: WatchingOptions;
  readonly #stopLooking: () => void;
  #stopped = false;

  constructor(options: WatchingOptions) {
    const { log, emit, clock, health, signer } = options;
    this.#options = options;
    this.clock = clock;
    health.set("gatehouse.clock", clock.known);
    if (!clock.known) this.#tellClock(false);
    clock.onChange((known) => this.#tellClock(known));
    this.certificates = new CertificateWatch({
      log: log.component("certificates"),
      emit,
      clock,
      now: () => clock.nowMs(),
      onHealth: (healthy) => health.set("gatehouse.tls", healthy),
      onMade: (ms) => clock.notBefore(ms),
    });
    this.signer = new UnitWatch({
      name: "signer",
      lost: EventKind.SIGNER_LOST,
      back: EventKind.SIGNER_BACK,
      emit,
      now: () => clock.nowMs(),
      onHealth: (healthy) => health.set("gatehouse.signer", healthy),
    });
    this.signer.tell(signer.healthy);
    signer.onHealth((healthy) => {
      if (!this.#stopped) this.signer.tell(healthy);
    });
    health.set("gatehouse.edge", false);
    this.#stopLooking = options.edgeMetrics === undefined
      ? () => {}
      : backgroundInterval(EDGE_LOOK_MS, () => void this.#lookAtEdge());
    void this.#lookAtEdge();
  }

  /** Undefined while no edge is wanted. */
  get edge(): UnitWatch | undefined {
    return this.#edge?.watch;
  }

  /** What the edge tells of itself; nothing while it doesn't answer, or no edge is wanted. */
  async edgeSamples(): Promise<readonly Sample[]> {
    return await this.#edge?.metrics.read().catch(() => []) ?? [];
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopLooking();
    this.certificates.stop();
    this.signer.close();
    this.#edge?.watch.close();
    await this.clock.stop();
  }

  async #lookAtEdge(): Promise<void> {
    const { edgeMetrics, edgeWanted } = this.#options;
    if (edgeMetrics === undefined || !edgeWanted()) return this.#forgetEdge();
    const edge = this.#edge ??= {
      watch: this.#watchEdge(),
      metrics: new EdgeMetrics(edgeMetrics),
      misses: 0,
    };
    const answered = await edge.metrics.read().then(() => true, () => false);
    // It may have been forgotten meanwhile, and then its health isn't ours to tell.
    if (this.#stopped || edge !== this.#edge) return;
    edge.misses = answered ? 0 : edge.misses + 1;
    if (answered || edge.misses >= EDGE_MISSES) edge.watch.tell(answered);
  }

  #watchEdge(): UnitWatch {
    const { emit, clock, health } = this.#options;
    return new UnitWatch({
      name: "edge",
      lost: EventKind.EDGE_LOST,
      back: EventKind.EDGE_BACK,
      emit,
      now: () => clock.nowMs(),
      onHealth: (healthy) => health.set("gatehouse.edge", healthy),
    });
  }

  #forgetEdge(): void {
    if (this.#edge === undefined) return;
    this.#edge.watch.close();
    this.#edge = undefined;
    this.#options.health.set("gatehouse.edge", false);
  }

  #tellClock(known: boolean): void {
    const { emit, health, clock } = this.#options;
    health.set("gatehouse.clock", known);
    const kind = known ? EventKind.CLOCK_KNOWN : EventKind.CLOCK_UNKNOWN;
    emit(kind, `the time is ${known ? "known" : "not known"}: ${clock.reason}`);
  }
}
