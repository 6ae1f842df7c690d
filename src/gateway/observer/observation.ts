// What the page knows and how it keeps knowing it: who we are, how the appliance is, its figures, its events; what broke
// and since when. Must never hammer a gateway that doesn't answer or asks to be left alone, nor show old figures as new.
import {
  type EventJson,
  type HealthListJson,
  numberOf,
  type StatusJson,
  type WhoAmIJson,
} from "./answers.ts";
import { Backoff } from "./backoff.ts";
import { type Figures, figuresOf } from "./figures.ts";
import { type RestClient, RestError, type Trouble } from "./rest_client.ts";
import { Scrape, Scrapes } from "./scrapes.ts";
import { samplesOf } from "../../telemetry/prometheus_text.ts";
import type { WebKey } from "./web_key.ts";

/** Between two readings, while the page is looked at. */
export const READ_MS = 2_000;
/** The same while nobody looks: the charts have no gap when he comes back. */
const HIDDEN_READ_MS = 10_000;
/** While we may not see: each question is a refusal in the appliance's log. A key, or a look at the page, asks at once. */
const CLOSED_READ_MS = 60_000;
/** Over how long rates and percentiles are reckoned: short enough to see a change, long enough to hold still. */
const WINDOW_MS = 6_000;
/** Points of a chart: five minutes. */
export const MAX_POINTS = 150;
export const MAX_EVENTS = 500;
const BACKOFF = { firstMs: 500, lastMs: 5_000 };

/** One moment of the charts. */
export type { Figures };

export interface Point {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** Undefined: a gap. */
  readonly figures: Figures | undefined;
}

/** Whether something is heard. */
export type Link =
  | { readonly state: "connecting" }
  | { readonly state: "live" }
  | {
    readonly state: "broken";
    readonly trouble: Trouble;
    readonly message: string;
    readonly sinceMs: number;
    readonly nextTryMs: number;
  };

/** What we may see. */
export type Access = "unknown" | "open" | "closed";

export interface Observed {
  readonly access: Access;
  readonly link: Link;
  readonly stream: Link;
  readonly who: WhoAmIJson | undefined;
  readonly health: HealthListJson | undefined;
  readonly status: StatusJson | undefined;
  readonly scrape: Scrape | undefined;
  readonly figures: Figures | undefined;
  readonly points: readonly Point[];
  /** The newest first. */
  readonly events: readonly EventJson[];
  /** Events that the server keeps no longer, and we have not seen. */
  readonly eventsLost: boolean;
  readonly key: WebKey | undefined;
  /** Why a key that was chosen was not taken. */
  readonly keyRefused: string | undefined;
}

export interface ObservationOptions {
  readonly client: RestClient;
  /** Milliseconds since 1970. */
  readonly nowMs?: () => number;
  readonly visible?: () => boolean;
}

const NOTHING: Observed = {
  access: "unknown",
  link: { state: "connecting" },
  stream: { state: "connecting" },
  who: undefined,
  health: undefined,
  status: undefined,
  scrape: undefined,
  figures: undefined,
  points: [],
  events: [],
  eventsLost: false,
  key: undefined,
  keyRefused: undefined,
};

export class Observation {
  #now: Observed = NOTHING;
  readonly #listeners = new Set<() => void>();
  #scrapes = new Scrapes(WINDOW_MS / READ_MS + 4);
  #stop = new AbortController();
  readonly #wakers = new Set<() => void>();
  readonly #nowMs: () => number;

  constructor(private readonly options: ObservationOptions) {
    this.#nowMs = options.nowMs ?? Date.now;
  }

  get now(): Observed {
    return this.#now;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Begins to ask; again after useKey(). */
  start(): void {
    this.#stop = new AbortController();
    void this.#read(this.#stop.signal);
    void this.#watch(this.#stop.signal);
  }

  stop(): void {
    this.#stop.abort();
  }

  /** Asks as the holder of this key from now on. */
  useKey(key: WebKey | undefined): void {
    this.stop();
    this.options.client.useKey(key);
    this.#scrapes = new Scrapes(WINDOW_MS / READ_MS + 4);
    this.#set({ ...NOTHING, key });
    this.start();
  }

  /** Now, without waiting for the next time. */
  retry(): void {
    for (const wake of [...this.#wakers]) wake();
  }

  async #read(stop: AbortSignal): Promise<void> {
    const backoff = new Backoff(BACKOFF);
    while (!stop.aborted) {
      let waitMs = (this.options.visible?.() ?? true) ? READ_MS : HIDDEN_READ_MS;
      try {
        await this.#readOnce(stop);
        if (stop.aborted) return;
        backoff.reset();
        this.#set({ link: { state: "live" } });
        if (this.#now.access === "closed") waitMs = CLOSED_READ_MS;
      } catch (error) {
        if (stop.aborted) return;
        waitMs = backoff.next(askedMs(error));
        this.#set({ link: this.#broken(this.#now.link, error, waitMs) });
        this.#addPoint(undefined);
      }
      await this.#sleep(waitMs, stop);
    }
  }

  async #readOnce(stop: AbortSignal): Promise<void> {
    const { client } = this.options;
    const { access, key } = this.#now;
    // Who we are changes with the configuration alone: asked until it lets us in, and after each break.
    if (access !== "open" || this.#now.link.state !== "live") {
      const who = await this.#whoAmI(stop);
      if (who === undefined) return;
      this.#set({ who });
    }
    this.#set({ health: await client.json<HealthListJson>("/v1/health/services", stop) });
    try {
      const status = await client.json<StatusJson>("/v1/status", stop);
      const text = await client.text("/metrics", stop);
      this.#took(status, new Scrape(performance.now(), samplesOf(text)));
    } catch (error) {
      if (!(error instanceof RestError) || error.trouble !== "not-allowed") throw error;
      this.#set({
        access: "closed",
        status: undefined,
        figures: undefined,
        ...key === undefined ? {} : { keyRefused: error.message },
      });
    }
  }

  /** Undefined when the key that was chosen isn't taken: then it is forgotten. */
  async #whoAmI(stop: AbortSignal): Promise<WhoAmIJson | undefined> {
    try {
      return await this.options.client.json<WhoAmIJson>("/v1/access:whoAmI", stop);
    } catch (error) {
      const refused = error instanceof RestError && error.trouble === "not-allowed";
      if (!refused || this.#now.key === undefined || stop.aborted) throw error;
      this.useKey(undefined);
      this.#set({ access: "closed", keyRefused: error.message });
      return undefined;
    }
  }

  #took(status: StatusJson, scrape: Scrape): void {
    this.#scrapes.add(scrape);
    const interval = this.#scrapes.interval(WINDOW_MS);
    const figures = interval && figuresOf(interval);
    this.#set({ access: "open", status, scrape, figures });
    if (figures) this.#addPoint(figures);
  }

  #addPoint(figures: Figures | undefined): void {
    const points = this.#now.points;
    // One gap is enough.
    if (figures === undefined && points.at(-1)?.figures === undefined) return;
    this.#set({ points: [...points, { atMs: this.#nowMs(), figures }].slice(-MAX_POINTS) });
  }

  async #watch(stop: AbortSignal): Promise<void> {
    const backoff = new Backoff(BACKOFF);
    let after = 0;
    let startedAt: string | undefined;
    while (!stop.aborted) {
      if (this.#now.access !== "open") {
        await this.#changed(stop);
        continue;
      }
      let failure: unknown;
      try {
        // Numbers begin anew with the agent, which may be another one after a break.
        const { startedAtMs } = await this.options.client.json<StatusJson>("/v1/status", stop);
        if (startedAt !== undefined && startedAt !== startedAtMs) after = 0;
        startedAt = startedAtMs;
        const query = after > 0 ? `afterSequence=${after}` : "includeKept=true";
        const opened = () => {
          backoff.reset();
          this.#set({ stream: { state: "live" } });
        };
        const stream = this.options.client.events(`/v1/events:watch?${query}`, stop, opened);
        for await (const { event, data } of stream) {
          if (event === "error") throw refusalIn(data);
          if (event === "end") break;
          const one = JSON.parse(data) as EventJson;
          after = numberOf(one.sequence);
          this.#set({ events: [one, ...this.#now.events].slice(0, MAX_EVENTS) });
        }
        failure = new RestError("unreachable", "the stream ended");
      } catch (error) {
        failure = error;
      }
      if (stop.aborted) return;
      if (failure instanceof RestError && failure.details.reason === "EVENTS_GONE") {
        after = 0;
        this.#set({ eventsLost: true });
      }
      const waitMs = backoff.next(askedMs(failure));
      this.#set({ stream: this.#broken(this.#now.stream, failure, waitMs) });
      await this.#sleep(waitMs, stop);
    }
  }

  /** Since when: of the first failure in a row. */
  #broken(before: Link, error: unknown, waitMs: number): Link {
    const nowMs = this.#nowMs();
    return {
      state: "broken",
      trouble: error instanceof RestError ? error.trouble : "failed",
      message: error instanceof Error ? error.message : String(error),
      sinceMs: before.state === "broken" ? before.sinceMs : nowMs,
      nextTryMs: nowMs + waitMs,
    };
  }

  #set(change: Partial<Observed>): void {
    this.#now = { ...this.#now, ...change };
    for (const listener of this.#listeners) listener();
  }

  #sleep(ms: number, stop: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#wakers.delete(done);
        clearTimeout(timer);
        stop.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      stop.addEventListener("abort", done, { once: true });
      this.#wakers.add(done);
    });
  }

  #changed(stop: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        unsubscribe();
        stop.removeEventListener("abort", done);
        resolve();
      };
      const unsubscribe = this.subscribe(done);
      stop.addEventListener("abort", done, { once: true });
    });
  }
}

const askedMs = (error: unknown): number => error instanceof RestError ? error.details.retryAfterMs ?? 0 : 0;

/** What ends a stream comes as its last event: google.rpc.Status. */
function refusalIn(data: string): RestError {
  try {
    const { message, details } = JSON.parse(data) as {
      message?: string;
      details?: { reason?: string }[];
    };
    const reason = details?.find((one) => one.reason !== undefined)?.reason;
    return new RestError("failed", message ?? "the stream ended", { reason });
  } catch {
    return new RestError("failed", "the stream ended");
  }
}
