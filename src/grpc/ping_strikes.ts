// gRPC's enforcement against eager keepalive (grpc/grpc doc/keepalive.md, gRFC A8): PINGs sooner than allowed are strikes.
// Must never count a PING that follows response frames: clients measure bandwidth with those.
import type { ConnectionPolicy } from "./connection_policy.ts";
import { MAX_PING_STRIKES, PING_INTERVAL_WITHOUT_CALLS_MS } from "./limits.ts";

/** One connection's. */
export class PingStrikes {
  #strikes = 0;
  #lastMs = -Infinity;
  #framesSeen = 0;

  constructor(private readonly policy: ConnectionPolicy) {}

  /**
   * Counts one PING of the peer.
   * @param framesSent HEADERS and DATA frames sent so far on this connection
   * @returns false after one strike too many: GOAWAY ENHANCE_YOUR_CALM, `too_many_pings`
   */
  allow(nowMs: number, framesSent: number, openCalls: number): boolean {
    const sinceMs = nowMs - this.#lastMs;
    this.#lastMs = nowMs;
    if (framesSent !== this.#framesSeen) {
      this.#framesSeen = framesSent;
      this.#strikes = 0;
      return true;
    }
    const active = openCalls > 0 || this.policy.permitPingsWithoutCalls;
    if (sinceMs < (active ? this.policy.minPingIntervalMs : PING_INTERVAL_WITHOUT_CALLS_MS)) this.#strikes++;
    return this.#strikes <= MAX_PING_STRIKES;
  }
}
