// A signer that may come and go: keeps one link to it, gathers what callers ask
// in one turn of the event loop into messages, and fails nobody late or twice.
import { setImmediate } from "node:timers";
import { status } from "@grpc/grpc-js";
import { type Clock, systemClock, type Timer } from "../grpc/clock.ts";
import type { SignerSignResult } from "../proto/mod.ts";
import { FullLanes } from "./full_lanes.ts";
import { InFlight, lateError } from "./in_flight.ts";
import { BUSY_RETRY_MS, DEFAULT_DEADLINE_MS, FIRST_BACKOFF_MS, MAX_BACKOFF_MS } from "./limits.ts";
import type { Link, OpenLink } from "./link.ts";
import { jobRefusal, LinkCalls } from "./link_calls.ts";
import { SIGNER } from "./methods.ts";
import type { SignerObserver } from "./observer.ts";
import { Outbox, type OutgoingItem, wireBytes } from "./outbox.ts";
import { PublicKeys } from "./public_keys.ts";
import { outcomeOf, type Signed, type Signer, SignerError, type SignJob } from "./signer.ts";
import { traced } from "./traced.ts";

export interface SignerClientOptions {
  /** For one item, from `sign()` to its result. */
  readonly deadlineMs?: number;
  readonly clock?: Clock;
}

/*
 *  connecting --link--> ready --lost--> connecting     calls wait while connecting
 *      |                  ^
 *      +--no signer--> down                            calls fail while down
 */
type State = "connecting" | "ready" | "down" | "closed";

export class SignerClient extends LinkCalls implements Signer {
  readonly #clock: Clock;
  readonly #deadlineMs: number;
  readonly #inFlight = new InFlight((job, outcome) => {
    if (outcome instanceof SignerError) this.observer?.refused(job.algorithm, outcome);
    else this.observer?.signed(job.algorithm, outcome);
  });
  readonly #outbox = new Outbox();
  readonly #fullLanes = new FullLanes();
  readonly #closing = new AbortController();
  readonly #healthCallbacks: ((healthy: boolean) => void)[] = [];
  readonly #connected: Promise<void>;
  #state: State = "connecting";
  /** Settled when the present attempt to connect is. */
  #attempt = newAttempt();
  #link: Link | undefined;
  #endLink: ((reason: string) => void) | undefined;
  #lastResultMs = 0;
  #lastFailure = "";
  readonly #publicKeys = new PublicKeys(this);
  #flushing = false;
  /** What the signer at the end of this link was told. */
  #timeToldKnown: boolean | undefined;
  #expiry: Timer | undefined;

  constructor(open: OpenLink, options: SignerClientOptions = {}) {
    super();
    this.#clock = options.clock ?? systemClock;
    this.#deadlineMs = options.deadlineMs ?? DEFAULT_DEADLINE_MS;
    this.#connected = this.#stayConnected(open);
  }

  get healthy(): boolean {
    return this.#state === "ready";
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  override observe(observer: SignerObserver): void {
    super.observe(observer);
    // Whoever comes late missed no more than this one.
    if (this.healthy) observer.connected();
  }

  onHealth(callback: (healthy: boolean) => void): void {
    this.#healthCallbacks.push(callback);
  }

  sign(job: SignJob): Promise<Signed> {
    // A call that isn't traced, as nearly none is, has no promise more.
    return job.trace === undefined
      ? this.#sign(job)
      : traced(job.trace, SIGNER.sign.path, () => this.#sign(job));
  }

  #sign(job: SignJob): Promise<Signed> {
    const bytes = wireBytes(job);
    const refusal = this.#refusal(job, bytes);
    if (refusal) {
      this.observer?.refused(job.algorithm, refusal);
      return Promise.reject(refusal);
    }
    return new Promise((resolve, reject) => {
      const nowMs = this.#clock.nowMs();
      const id = this.#inFlight.add({ resolve, reject, job, bytes, expiresMs: nowMs + this.#deadlineMs });
      const { key, version, algorithm, encoding, data, digest, caller: asker, timeLeftMs } = job;
      this.#outbox.add({
        id,
        key,
        version,
        algorithm,
        encoding,
        data,
        digest,
        caller: 0,
        timeout_ms: 0,
        asker,
        expiresMs: nowMs + Math.min(this.#deadlineMs, timeLeftMs ?? Infinity),
      });
      this.#watchDeadlines();
      this.#scheduleFlush();
    });
  }

  publicKey(key: string): Promise<Uint8Array> {
    return this.#publicKeys.newest(key);
  }

  async close(): Promise<void> {
    this.#setState("closed");
    this.#closing.abort();
    this.#endLink?.("closed");
    this.#failAll();
    await this.#connected;
  }

  #refusal(job: SignJob, bytes: number): SignerError | undefined {
    const refusal = jobRefusal(job, (job.data ?? job.digest).length);
    if (refusal) return refusal;
    if (this.#state === "down" || this.#state === "closed") return this.#unavailable();
    const full = this.#inFlight.refusal(bytes);
    if (full) {
      return new SignerError(
        status.RESOURCE_EXHAUSTED,
        `${full}; call again in a while`,
        "SIGNER_BUSY",
        BUSY_RETRY_MS,
      );
    }
    return this.#fullLanes.refusal(job, this.#clock.nowMs());
  }

  /** Waits while a signer is looked for, and no longer. */
  protected override async usableLink(): Promise<Link> {
    if (this.#state === "connecting") await this.#attempt.promise;
    if (this.#link === undefined || this.#state !== "ready") throw this.#unavailable();
    return this.#link;
  }

  #unavailable(): SignerError {
    const why = this.#state === "closed" ? "the agent is stopping" : this.#lastFailure;
    return new SignerError(status.UNAVAILABLE, `the signer is not there (${why}); call again`);
  }

  // ---- the link ----

  async #stayConnected(open: OpenLink): Promise<void> {
    let backoffMs = FIRST_BACKOFF_MS;
    while (!this.#closing.signal.aborted) {
      const startedMs = this.#clock.nowMs();
      await this.#useLink(open);
      const hadLink = this.#link !== undefined;
      this.#link?.close();
      this.#link = undefined;
      // After the loss of a link one attempt is made before calls are refused.
      if (hadLink) this.#attempt = newAttempt();
      this.#setState(hadLink ? "connecting" : "down");
      this.#failAll();
      // A signer that dies as soon as it is reached is not asked without pause.
      if (hadLink && this.#clock.nowMs() - startedMs >= MAX_BACKOFF_MS) backoffMs = FIRST_BACKOFF_MS;
      await this.#pause(backoffMs);
      backoffMs = Math.min(2 * backoffMs, MAX_BACKOFF_MS);
    }
    this.#attempt.settle();
  }

  /** Opens a link and stays until it ends; `#lastFailure` says why it did. Never rejects. */
  async #useLink(open: OpenLink): Promise<void> {
    const { promise: ended, resolve: onEnd } = Promise.withResolvers<string>();
    this.#endLink = onEnd;
    try {
      const events = { onResults: this.#settle, onRoom: this.#scheduleFlush, onEnd };
      this.#link = await open(events, this.#closing.signal);
    } catch (error) {
      // Before those who waited for the attempt are told.
      this.#lastFailure = error instanceof Error ? error.message : String(error);
      return;
    } finally {
      this.#attempt.settle();
    }
    this.#lastResultMs = this.#clock.nowMs();
    this.#timeToldKnown = undefined;
    if (this.#closing.signal.aborted) return;
    this.#setState("ready");
    this.observer?.connected();
    this.#scheduleFlush();
    this.#lastFailure = await ended;
  }

  #pause(delayMs: number): Promise<void> {
    if (this.#closing.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        timer.cancel();
        this.#closing.signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = this.#clock.startTimer(delayMs, done, true);
      this.#closing.signal.addEventListener("abort", done);
    });
  }

  #setState(state: State): void {
    const before = this.healthy;
    if (this.#state !== "closed") this.#state = state;
    if (this.healthy === before) return;
    for (const callback of this.#healthCallbacks) callback(this.healthy);
  }

  #failAll(): void {
    this.#fullLanes.clear();
    this.#outbox.clear();
    this.#inFlight.failAll(this.#unavailable());
  }

  // ---- items ----

  readonly #scheduleFlush = (): void => {
    if (this.#flushing) return;
    this.#flushing = true;
    // After the I/O of this turn, so that whatever it brought crosses as one message.
    setImmediate(() => {
      this.#flushing = false;
      const link = this.#link;
      if (this.#state !== "ready" || !link?.hasRoom) return;
      const nowMs = this.#clock.nowMs();
      const batches = this.#outbox.takeBatches(nowMs, (item) => this.#isWanted(item, nowMs));
      const { known } = this.time;
      // Deletions that are due don't wait for somebody to sign.
      if (batches.length === 0 && known !== this.#timeToldKnown) batches.push({ items: [], callers: [] });
      this.#timeToldKnown = known;
      for (const batch of batches) {
        batch.clock_known = known;
        link.send(batch);
      }
    });
  };

  protected override tellTime(): void {
    this.#scheduleFlush();
  }

  readonly #settle = (results: SignerSignResult[]): void => {
    this.#lastResultMs = this.#clock.nowMs();
    for (const result of results) {
      const outcome = outcomeOf(result);
      const job = this.#inFlight.settle(result.id, outcome);
      if (job && outcome instanceof SignerError) this.#fullLanes.note(job, outcome, this.#lastResultMs);
    }
  };

  /** Whether somebody waits for it still; one whose own time has passed is told so. */
  #isWanted({ id, expiresMs }: OutgoingItem, nowMs: number): boolean {
    if (!this.#inFlight.has(id)) return false;
    if (expiresMs > nowMs) return true;
    this.#inFlight.settle(id, lateError());
    return false;
  }

  #watchDeadlines(): void {
    const nextMs = this.#inFlight.nextExpiryMs;
    if (this.#expiry || nextMs === undefined) return;
    this.#expiry = this.#clock.startTimer(nextMs - this.#clock.nowMs(), () => {
      this.#expiry = undefined;
      const nowMs = this.#clock.nowMs();
      const expired = this.#inFlight.expire(nowMs);
      const silent = nowMs - this.#lastResultMs >= this.#deadlineMs;
      // It is there but answers nothing: perhaps a new stream gets answers.
      if (expired > 0 && silent) this.#endLink?.("it answered nothing in time");
      this.#watchDeadlines();
    }, true);
  }
}

function newAttempt(): { promise: Promise<void>; settle: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { promise, settle: resolve };
}
