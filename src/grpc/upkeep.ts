// Looks after one connection of a server, once a second: signs of life, age, idleness, requests that stall.
// Must never set a timer: sweeps.ts has one for all connections, so that ten thousand idle ones cost one timer.
import type { Connection } from "../http2/mod.ts";
import { ErrorCode } from "../http2/mod.ts";
import type { ConnectionPolicy } from "./connection_policy.ts";
import { LATE_SWEEP_MS, MAX_AGE_JITTER } from "./limits.ts";
import { type IncomingRequest, RequestStalls } from "./request_stalls.ts";

/** "keepaliv" */
const KEEPALIVE_PING = Uint8Array.of(0x6b, 0x65, 0x65, 0x70, 0x61, 0x6c, 0x69, 0x76);

/** What is looked after. */
export interface Kept {
  readonly connection: Connection;
  /** When bytes last came, on the server's clock. */
  readonly lastReadMs: number;
  calls(): readonly IncomingRequest[];
  /** It lived, or idled, for as long as it may: no more calls begin on it. */
  retired(reason: string): void;
  /** There is output. */
  wake(): void;
}

export class Upkeep {
  readonly #stalls = new RequestStalls();
  readonly #maxAgeMs: number;
  #graceEndsMs = Infinity;
  #pingedMs = -1;
  #idleSinceMs: number;
  #lastStreamId = 0;
  #sweptMs: number;
  #draining = false;

  constructor(
    private readonly policy: ConnectionPolicy,
    private readonly kept: Kept,
    private readonly bornMs: number,
    random: () => number = Math.random,
  ) {
    this.#maxAgeMs = policy.maxAgeMs * (1 + MAX_AGE_JITTER * (2 * random() - 1));
    this.#idleSinceMs = bornMs;
    this.#sweptMs = bornMs;
  }

  sweep(nowMs: number): void {
    const { connection } = this.kept;
    if (connection.closed) return;
    this.#forgiveStandstill(nowMs);
    this.#keepalive(nowMs);
    this.#age(nowMs);
    this.#idle(nowMs);
    if (connection.openStreams === 0) return;
    const receivedBytes = (streamId: number) => connection.receivedBytes(streamId);
    this.#stalls.check(this.kept.calls(), receivedBytes, nowMs, this.policy.requestStallTimeoutMs);
  }

  /** What stood still is this process, and the peer's answer may lie unread. */
  #forgiveStandstill(nowMs: number): void {
    const lateMs = nowMs - this.#sweptMs;
    this.#sweptMs = nowMs;
    if (lateMs >= LATE_SWEEP_MS && this.#pingedMs >= 0) this.#pingedMs = nowMs;
  }

  #keepalive(nowMs: number): void {
    const { connection, lastReadMs } = this.kept;
    const { keepaliveTimeMs, keepaliveTimeoutMs } = this.policy;
    if (this.#pingedMs >= 0 && lastReadMs >= this.#pingedMs) this.#pingedMs = -1;
    if (this.#pingedMs >= 0) {
      if (nowMs - this.#pingedMs >= keepaliveTimeoutMs) {
        this.#goaway(ErrorCode.CANCEL, "keepalive_timeout");
      }
    } else if (nowMs - lastReadMs >= keepaliveTimeMs) {
      connection.ping(KEEPALIVE_PING);
      this.#pingedMs = nowMs;
      this.kept.wake();
    }
  }

  #age(nowMs: number): void {
    if (nowMs >= this.#graceEndsMs) this.#goaway(ErrorCode.CANCEL, "max_age_grace");
    else if (this.#graceEndsMs === Infinity && nowMs - this.bornMs >= this.#maxAgeMs) {
      this.#graceEndsMs = nowMs + this.policy.maxAgeGraceMs;
      if (!this.#draining) this.#drain("max_age");
    }
  }

  #idle(nowMs: number): void {
    const { connection } = this.kept;
    // Calls that came and went between two looks show in the last stream's id.
    if (connection.openStreams > 0 || connection.lastPeerStreamId !== this.#lastStreamId) {
      this.#lastStreamId = connection.lastPeerStreamId;
      this.#idleSinceMs = nowMs;
    } else if (!this.#draining && nowMs - this.#idleSinceMs >= this.policy.maxIdleMs) {
      this.#drain("max_idle");
    }
  }

  #drain(reason: string): void {
    this.#draining = true;
    this.kept.retired(reason);
    this.#goaway(ErrorCode.NO_ERROR, reason);
  }

  #goaway(code: number, reason: string): void {
    this.kept.connection.goaway(code, reason);
    this.kept.wake();
  }
}
