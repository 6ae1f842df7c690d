// A signer that may come and go: keeps one link to it, gathers what callers ask
// in one turn of the event loop into messages, and fails nobody late or twice.
import { setImmediate } from "node:timers";
import { status } from "@grpc/grpc-js";
import { type Clock, systemClock, type Timer } from "../grpc/clock.ts";
import type { ClientMethod } from "../grpc/client.ts";
import type { SignerSignResult } from "../proto/mod.ts";
import { InFlight, lateError } from "./in_flight.ts";
import {
  BUSY_RETRY_MS,
  DEFAULT_DEADLINE_MS,
  FIRST_BACKOFF_MS,
  MAX_BACKOFF_MS,
  MAX_DATA_BYTES,
  MAX_IDENTITY_UNITS,
  MAX_KEY_NAME_BYTES,
  MAX_SIGN_STREAMS,
} from "./limits.ts";
import type { Link, OpenLink } from "./link.ts";
import { SIGNER } from "./methods.ts";
import { Outbox, type OutgoingItem, wireBytes } from "./outbox.ts";
import { PublicKeys } from "./public_keys.ts";
import {
  type CallOptions,
  outcomeOf,
  type Signed,
  type Signer,
  SignerError,
  type SignJob,
  type SignStreamJob,
} from "./signer.ts";
import { streamedParts } from "./sign_stream.ts";

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

export class SignerClient implements Signer {
  readonly #clock: Clock;
  readonly #deadlineMs: number;
  readonly #inFlight = new InFlight();
  readonly #outbox = new Outbox();
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
  #signStreams = 0;
  #time: { readonly known: boolean } = { known: false };
  #flushing = false;
  #expiry: Timer | undefined;

  constructor(open: OpenLink, options: SignerClientOptions = {}) {
    this.#clock = options.clock ?? systemClock;
    this.#deadlineMs = options.deadlineMs ?? DEFAULT_DEADLINE_MS;
    this.#connected = this.#stayConnected(open);
  }

  get healthy(): boolean {
    return this.#state === "ready";
  }

  onHealth(callback: (healthy: boolean) => void): void {
    this.#healthCallbacks.push(callback);
  }

  useClock(time: { readonly known: boolean }): void {
    this.#time = time;
  }

  sign(job: SignJob): Promise<Signed> {
    const bytes = wireBytes(job);
    const refusal = this.#refusal(job, (job.data ?? job.digest).length, bytes);
    if (refusal) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      const nowMs = this.#clock.nowMs();
      const id = this.#inFlight.add({ resolve, reject, bytes, expiresMs: nowMs + this.#deadlineMs });
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

  async signStream(
    job: SignStreamJob,
    parts: AsyncIterable<Uint8Array>,
    options: CallOptions = {},
  ): Promise<Signed> {
    const refusal = this.#refusal(job, 0, 0);
    if (refusal) throw refusal;
    if (this.#signStreams >= MAX_SIGN_STREAMS) {
      const text = `${MAX_SIGN_STREAMS} streams of data are open already; call again in a while`;
      throw new SignerError(status.RESOURCE_EXHAUSTED, text);
    }
    this.#signStreams++;
    try {
      const requests = streamedParts(job, this.#time.known, parts);
      const outcome = outcomeOf(await this.clientStream(SIGNER.signStream, requests, options));
      if (outcome instanceof SignerError) throw outcome;
      return outcome;
    } finally {
      this.#signStreams--;
    }
  }

  async unary<Request, Response>(
    method: ClientMethod<Request, Response>,
    request: Request,
    options?: CallOptions,
  ): Promise<Response> {
    const link = await this.#usableLink();
    return await link.calls.unary(method, request, options);
  }

  async *serverStream<Request, Response>(
    method: ClientMethod<Request, Response>,
    request: Request,
    options?: CallOptions,
  ): AsyncIterable<Response> {
    const link = await this.#usableLink();
    yield* link.calls.serverStream(method, request, options);
  }

  async clientStream<Request, Response>(
    method: ClientMethod<Request, Response>,
    requests: AsyncIterable<Request>,
    options?: CallOptions,
  ): Promise<Response> {
    const link = await this.#usableLink();
    return await link.calls.clientStream(method, requests, options);
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

  #refusal({ key, caller }: SignStreamJob, inputBytes: number, bytes: number): SignerError | undefined {
    // Before the lengths of fields count: a name that is too long is no key's.
    if (key.length > MAX_KEY_NAME_BYTES) {
      return new SignerError(status.INVALID_ARGUMENT, `key: a name has at most ${MAX_KEY_NAME_BYTES} bytes`);
    }
    if (caller.identity.length > MAX_IDENTITY_UNITS) {
      const text =
        `the caller's name has ${caller.identity.length} characters, at most ${MAX_IDENTITY_UNITS} are known by`;
      return new SignerError(status.PERMISSION_DENIED, text);
    }
    if (inputBytes > MAX_DATA_BYTES) {
      const text = `data: ${inputBytes} bytes, at most ${MAX_DATA_BYTES} are signed`;
      return new SignerError(status.INVALID_ARGUMENT, text);
    }
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
    return undefined;
  }

  /** Waits while a signer is looked for, and no longer. */
  async #usableLink(): Promise<Link> {
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
      this.#lastFailure = await this.#useLink(open);
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

  /** Opens a link and stays until it ends. @returns why it did, never rejects */
  async #useLink(open: OpenLink): Promise<string> {
    const { promise: ended, resolve: onEnd } = Promise.withResolvers<string>();
    this.#endLink = onEnd;
    try {
      const events = { onResults: this.#settle, onRoom: this.#scheduleFlush, onEnd };
      this.#link = await open(events, this.#closing.signal);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    } finally {
      this.#attempt.settle();
    }
    this.#lastResultMs = this.#clock.nowMs();
    if (this.#closing.signal.aborted) return "closed";
    this.#setState("ready");
    this.#scheduleFlush();
    return await ended;
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
      if (this.#state !== "ready" || !link?.hasRoom || this.#outbox.isEmpty) return;
      const nowMs = this.#clock.nowMs();
      for (const batch of this.#outbox.takeBatches(nowMs, (item) => this.#isWanted(item, nowMs))) {
        batch.clock_known = this.#time.known;
        link.send(batch);
      }
    });
  };

  readonly #settle = (results: SignerSignResult[]): void => {
    this.#lastResultMs = this.#clock.nowMs();
    for (const result of results) this.#inFlight.settle(result.id, outcomeOf(result));
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
