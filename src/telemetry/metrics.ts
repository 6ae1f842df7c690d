// The agent's metrics as a whole: who is told of what happens, and the text of a scrape.
// Must never belong to one generation of the server: counts go on through a change of the configuration.
import type { ServerObserver } from "../grpc/server_observer.ts";
import type { Signer } from "../signer/signer.ts";
import { applianceMetrics, type ApplianceSources } from "./appliance_metrics.ts";
import { CallMetrics } from "./call_metrics.ts";
import { EventLoopLag } from "./event_loop.ts";
import { processMetrics } from "./process_metrics.ts";
import {
  type Collector,
  MetricsRegistry,
  type MetricsText,
  type Series,
  type TextFormat,
} from "./registry.ts";
import { SignerMetrics } from "./signer_metrics.ts";

export interface MetricsOptions {
  readonly signer: Signer;
  /** Milliseconds since 1970. */
  readonly startedAtMs: number;
}

export class Metrics {
  readonly server: ServerObserver;
  readonly #registry = new MetricsRegistry();
  readonly #lag = new EventLoopLag();

  constructor({ signer, startedAtMs }: MetricsOptions) {
    const calls = new CallMetrics();
    const signing = new SignerMetrics(signer);
    signer.observe(signing);
    this.server = calls;
    for (const source of [calls.collect, signing.collect, this.#lag.collect, processMetrics(startedAtMs)]) {
      this.#registry.add(source);
    }
  }

  /** Adds what only the agent as a whole knows. Once. */
  observeAppliance(sources: ApplianceSources): void {
    this.#registry.add(applianceMetrics(sources));
  }

  /** What there is to tell now, by family. */
  collect(): Promise<Map<string, Series>> {
    return this.#registry.collect();
  }

  /** Adds what tells of itself. */
  add(collector: Collector): void {
    this.#registry.add(collector);
  }

  /** One scrape. */
  text(format: TextFormat): Promise<MetricsText> {
    return this.#registry.text(format);
  }

  stop(): void {
    this.#lag.stop();
  }
}
