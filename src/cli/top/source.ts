// Reads an appliance again and again for `gatehouse top`: its status, its metrics, its events, how many keys it has.
// Must never hide that it can't, nor since when; the first reading's failure is the command's.
import { figuresOf } from "../../gateway/observer/figures.ts";
import { Backoff } from "../../gateway/observer/backoff.ts";
import { Scrape, Scrapes } from "../../gateway/observer/scrapes.ts";
import { samplesOf } from "../../telemetry/prometheus_text.ts";
import { GrpcError } from "../../grpc/client.ts";
import type { GetMetricsRequestInit, GetMetricsResponse, Key } from "../../proto/mod.ts";
import type { AdminClient } from "../admin_client.ts";
import { type ApplianceCalls, callsOf } from "../appliance/appliance_calls.ts";
import { followEvents } from "../appliance/follow_events.ts";
import { listKeys } from "../keys/calls.ts";
import { stateName } from "../words.ts";
import { words } from "../../gateway/observer/format.ts";
import type { TopState } from "./view.ts";

/** Over how long rates and percentiles are reckoned. */
const WINDOW_MS = 6_000;
/** As many as the widest terminal has columns for. */
const MAX_CALLS = 400;
const MAX_EVENTS = 100;
/** Keys change seldom, and counting them reads them all. */
const KEYS_EVERY_MS = 30_000;
/** More aren't counted: each thousand is a call. */
const MAX_COUNTED_KEYS = 5_000;
const BACKOFF = { firstMs: 500, lastMs: 10_000 };

export interface TopCalls extends ApplianceCalls {
  /** Prometheus' text. @throws GrpcError */
  metrics(): Promise<string>;
  /** @throws GrpcError while iterating */
  keys(): AsyncIterable<Pick<Key, "state">>;
}

export const topCalls = (client: AdminClient): TopCalls => ({
  ...callsOf(client),
  metrics: async () => {
    const { text } = await client.unary<GetMetricsRequestInit, GetMetricsResponse>(
      "/gatehouse.v1.Status/GetMetrics",
      {},
    );
    return new TextDecoder().decode(text);
  },
  keys: () => listKeys(client, {}),
});

export class TopSource {
  #state: TopState;
  readonly #scrapes: Scrapes;
  #keysAtMs = -Infinity;
  readonly #backoff = new Backoff(BACKOFF);

  constructor(private readonly calls: TopCalls, server: string, intervalMs: number) {
    this.#scrapes = new Scrapes(Math.ceil(WINDOW_MS / intervalMs) + 2);
    this.#state = {
      status: undefined,
      figures: undefined,
      calls: [],
      events: [],
      eventsNotice: undefined,
      keys: "",
      server,
      nowMs: Date.now(),
      broken: undefined,
    };
  }

  get state(): TopState {
    return { ...this.#state, nowMs: Date.now() };
  }

  /** One reading. @returns milliseconds until another should be tried; 0: it went well @throws GrpcError the first time */
  async read(): Promise<number> {
    try {
      const status = await this.calls.status();
      const text = await this.calls.metrics();
      this.#scrapes.add(new Scrape(performance.now(), samplesOf(text)));
      const interval = this.#scrapes.interval(WINDOW_MS);
      const figures = interval && figuresOf(interval);
      const calls = figures === undefined ? this.#state.calls : [...this.#state.calls, figures.calls ?? 0];
      this.#state = { ...this.#state, status, figures, calls: calls.slice(-MAX_CALLS), broken: undefined };
      await this.#countKeys();
      this.#backoff.reset();
      return 0;
    } catch (error) {
      if (!(error instanceof GrpcError) || this.#state.status === undefined) throw error;
      const waitMs = this.#backoff.next();
      const nowMs = Date.now();
      const sinceMs = this.#state.broken?.sinceMs ?? nowMs;
      this.#state = {
        ...this.#state,
        calls: this.#state.broken === undefined ? [...this.#state.calls, undefined] : this.#state.calls,
        broken: { sinceMs, message: error.details, nextTryMs: nowMs + waitMs },
      };
      return waitMs;
    }
  }

  /** Takes events until it is told to end. Never rejects: what ends them is shown in their place. */
  async followEvents(signal: AbortSignal, onEvent: () => void): Promise<void> {
    const onNotice = (notice: string) => {
      this.#state = { ...this.#state, eventsNotice: notice };
      onEvent();
    };
    try {
      for await (const event of followEvents(this.calls, { after: 0, follow: true, signal, onNotice })) {
        const events = [event, ...this.#state.events].slice(0, MAX_EVENTS);
        this.#state = { ...this.#state, events, eventsNotice: undefined };
        onEvent();
      }
    } catch (error) {
      if (!signal.aborted) onNotice(error instanceof Error ? error.message : String(error));
    }
  }

  async #countKeys(): Promise<void> {
    if (performance.now() - this.#keysAtMs < KEYS_EVERY_MS) return;
    const counts = new Map<number, number>();
    let all = 0;
    for await (const { state } of this.calls.keys()) {
      counts.set(state, (counts.get(state) ?? 0) + 1);
      if (++all === MAX_COUNTED_KEYS) break;
    }
    this.#keysAtMs = performance.now();
    const parts = [...counts].sort(([a], [b]) => a - b).map(([state, count]) =>
      `${count} ${words(stateName(state))}`
    );
    const more = all === MAX_COUNTED_KEYS ? " (of the first 5,000)" : "";
    this.#state = { ...this.#state, keys: parts.length === 0 ? "none" : parts.join(", ") + more };
  }
}

/** What programs read: figures as numbers, in seconds and a second. */
export function topJson({ status, figures, broken, keys, nowMs }: TopState) {
  return {
    at: new Date(nowMs).toISOString(),
    broken_since: broken === undefined ? null : new Date(broken.sinceMs).toISOString(),
    version: status?.version,
    uptime_ms: status?.uptime_ms.toNumber(),
    units: status?.units,
    keys,
    figures,
  };
}
