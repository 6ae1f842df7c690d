// Finished spans on their way to a collector: a bounded queue, batches, pauses while the collector doesn't take them.
// Must never hold up a call, nor grow: what has no place is counted and forgotten.
import { ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import { Backoff } from "../../grpc/backoff.ts";
import type { Clock, Timer } from "../../grpc/clock.ts";
import { mayRetry, type OtlpClient } from "../otlp/otlp_client.ts";
import type { ReadableSpan } from "./span.ts";

/** Spans that wait, about 1 KiB each: some seconds of what may be traced. */
export const MAX_QUEUED_SPANS = 4096;
/** Spans of one export: about 200 KB. */
export const MAX_BATCH_SPANS = 512;
/** How long the first span of a batch waits for others. */
export const BATCH_DELAY_MS = 1_000;
/** Exports of one batch, in some twenty seconds; then its spans are lost, for newer ones say more. */
const MAX_ATTEMPTS = 10;
/** Between two of them: a collector that is back is found within this. */
const MAX_PAUSE_MS = 5_000;

export interface SpanExportOptions {
  readonly client: Pick<OtlpClient, "export" | "close">;
  readonly clock: Clock;
  /** Hears how many were lost and why; nothing of those that found no place. */
  readonly onLost: (spans: number, error: unknown) => void;
  readonly onSent: (spans: number) => void;
}

export class SpanExport {
  #queue: ReadableSpan[] = [];
  #timer: Timer | undefined;
  #sending = false;
  #closed = false;
  readonly #backoff = new Backoff(MAX_PAUSE_MS);

  constructor(private readonly options: SpanExportOptions) {}

  /** False: a call that was traced now would find no place. */
  get hasRoom(): boolean {
    return this.#queue.length < MAX_QUEUED_SPANS;
  }

  /** False when there is no room. */
  add(span: ReadableSpan): boolean {
    if (!this.hasRoom || this.#closed) return false;
    this.#queue.push(span);
    if (this.#sending) return true;
    if (this.#queue.length >= MAX_BATCH_SPANS) this.#sendNow();
    else this.#wait();
    return true;
  }

  /** What waits is tried once more, then lost. */
  async close(graceMs: number): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    const { client, clock, onLost } = this.options;
    if (!this.#sending && this.#queue.length > 0) {
      let timer: Timer | undefined;
      const late = new Promise<void>((resolve) => timer = clock.startTimer(graceMs, resolve, true));
      await Promise.race([late, this.#send(this.#queue.splice(0, MAX_BATCH_SPANS), MAX_ATTEMPTS)]);
      timer?.cancel();
    }
    client.close();
    const left = this.#queue.splice(0).length;
    if (left > 0) onLost(left, new Error("they were not sent before the end"));
  }

  #sendNow(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#sending = true;
    void this.#sendAll();
  }

  #wait(): void {
    this.#timer ??= this.options.clock.startTimer(BATCH_DELAY_MS, () => this.#sendNow(), true);
  }

  /** Never rejects. One batch after the other: the collector's pace is ours. What came meanwhile and fills none waits. */
  async #sendAll(): Promise<void> {
    do await this.#send(this.#queue.splice(0, MAX_BATCH_SPANS), 1); while (
      this.#queue.length >= MAX_BATCH_SPANS && !this.#closed
    );
    this.#sending = false;
    if (this.#queue.length > 0 && !this.#closed) this.#wait();
  }

  async #send(batch: readonly ReadableSpan[], attempt: number): Promise<void> {
    const { client, onSent, onLost } = this.options;
    const request = ProtobufTraceSerializer.serializeRequest([...batch]);
    if (request === undefined) return onLost(batch.length, new Error("they can't be serialized"));
    for (;; attempt++) {
      try {
        const answer = ProtobufTraceSerializer.deserializeResponse(await client.export("trace", request));
        const { rejectedSpans = 0, errorMessage = "" } = answer.partialSuccess ?? {};
        const rejected = Number(rejectedSpans);
        if (rejected > 0) onLost(rejected, new Error(`the collector refused them: ${errorMessage}`));
        onSent(batch.length - rejected);
        return this.#backoff.reset();
      } catch (error) {
        const retry = mayRetry(error);
        if (retry === undefined || attempt >= MAX_ATTEMPTS || this.#closed) {
          return onLost(batch.length, error);
        }
        await this.#pause(Math.max(this.#backoff.next(), retry.afterMs));
      }
    }
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.options.clock.startTimer(delayMs, resolve, true));
  }
}
