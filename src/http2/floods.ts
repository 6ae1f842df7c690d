// What a peer may do only so often: one counter for each abuse, each with the name it gets in GOAWAY.
// Must never forgive by the peer's own account: only the clock and useful work pay back.
import * as limits from "./limits.ts";
import { TokenBucket } from "./token_bucket.ts";

/** Each method counts one event and returns the limit's name when it is passed, else the empty string. */
export class Floods {
  readonly #resets: TokenBucket;
  readonly #streamErrors: TokenBucket;
  readonly #pings: TokenBucket;
  readonly #settings: TokenBucket;
  readonly #priority: TokenBucket;
  readonly #windowUpdates: TokenBucket;
  readonly #ignored: TokenBucket;
  readonly #tinyData: TokenBucket;
  #dataFramesPaid = 0;

  constructor(nowMs: number) {
    this.#resets = new TokenBucket(limits.RESET_BURST, limits.RESETS_PER_SECOND, nowMs);
    this.#streamErrors = new TokenBucket(limits.STREAM_ERROR_BURST, limits.STREAM_ERRORS_PER_SECOND, nowMs);
    this.#pings = new TokenBucket(limits.PING_BURST, limits.PINGS_PER_SECOND, nowMs);
    this.#settings = new TokenBucket(limits.SETTINGS_BURST, limits.SETTINGS_PER_SECOND, nowMs);
    this.#priority = new TokenBucket(limits.PRIORITY_BURST, limits.PRIORITY_PER_SECOND, nowMs);
    this.#windowUpdates = new TokenBucket(
      limits.WINDOW_UPDATE_BURST,
      limits.WINDOW_UPDATES_PER_SECOND,
      nowMs,
    );
    this.#ignored = new TokenBucket(limits.IGNORED_FRAME_BURST, limits.IGNORED_FRAMES_PER_SECOND, nowMs);
    this.#tinyData = new TokenBucket(limits.TINY_DATA_BUDGET_BYTES, limits.TINY_DATA_BYTES_PER_SECOND, nowMs);
  }

  reset(nowMs: number): string {
    return this.#resets.take(1, nowMs) ? "" : "too_many_resets";
  }

  /** A reset that we send for the peer's error. @param cost in usual mistakes, for those that cost more work */
  streamError(nowMs: number, cost = 1): string {
    return this.#streamErrors.take(cost, nowMs) ? "" : "too_many_stream_errors";
  }

  ping(nowMs: number): string {
    return this.#pings.take(1, nowMs) ? "" : "too_many_pings";
  }

  settings(nowMs: number): string {
    return this.#settings.take(1, nowMs) ? "" : "too_many_settings";
  }

  priority(nowMs: number): string {
    return this.#priority.take(1, nowMs) ? "" : "too_many_priority_frames";
  }

  /** @param dataFramesSent ever, on this connection: each explains a few WINDOW_UPDATE frames */
  windowUpdate(dataFramesSent: number, nowMs: number): string {
    this.#windowUpdates.give((dataFramesSent - this.#dataFramesPaid) * limits.WINDOW_UPDATES_PER_DATA_FRAME);
    this.#dataFramesPaid = dataFramesSent;
    return this.#windowUpdates.take(1, nowMs) ? "" : "too_many_window_updates";
  }

  /** Unknown types, and frames on closed streams. */
  ignored(nowMs: number): string {
    return this.#ignored.take(1, nowMs) ? "" : "too_many_ignored_frames";
  }

  /** @param bytes of body in a DATA frame, without padding */
  data(bytes: number, endStream: boolean, nowMs: number): string {
    if (bytes >= limits.TINY_DATA_BYTES) {
      this.#tinyData.give(bytes);
      return "";
    }
    if (endStream) return "";
    return this.#tinyData.take(limits.TINY_DATA_COST_BYTES, nowMs) ? "" : "too_many_tiny_data_frames";
  }
}
