// How much the peer can have under way in one round trip, measured by PING while DATA flows, so that windows
// grow where the path is long (as grpc-go's bdp_estimator). Must never shrink an estimate: windows can't be taken back.
import { PROBE_FULL_SHARE, PROBE_GROWTH, PROBE_RTT_WEIGHT } from "./limits.ts";

/** The payload of its PINGs: "gatehbdp". */
export const PROBE_PING = Uint8Array.of(0x67, 0x61, 0x74, 0x65, 0x68, 0x62, 0x64, 0x70);

/** One connection's. A sample lasts from a PING to its answer. */
export class BandwidthProbe {
  running = false;
  #sampleBytes = 0;
  #sentMs = 0;
  #roundTripMs = 0;
  #bestBytesPerMs = 0;

  start(nowMs: number): void {
    this.running = true;
    this.#sampleBytes = 0;
    this.#sentMs = nowMs;
  }

  /** DATA came, padding included. */
  received(bytes: number): void {
    if (this.running) this.#sampleBytes += bytes;
  }

  /**
   * The answer came.
   * @param windowBytes what the peer may have under way now
   * @returns the window that the path wants, bytes; 0 when the present one does not hold it back
   */
  finish(nowMs: number, windowBytes: number): number {
    this.running = false;
    const sampleMs = Math.max(nowMs - this.#sentMs, Number.EPSILON);
    this.#roundTripMs = this.#roundTripMs === 0
      ? sampleMs
      : this.#roundTripMs + (sampleMs - this.#roundTripMs) * PROBE_RTT_WEIGHT;
    const bytesPerMs = this.#sampleBytes / this.#roundTripMs;
    // A window that is full but brings nothing more is not what holds the peer back.
    const better = bytesPerMs > this.#bestBytesPerMs;
    if (better) this.#bestBytesPerMs = bytesPerMs;
    return better && this.#sampleBytes >= windowBytes * PROBE_FULL_SHARE
      ? this.#sampleBytes * PROBE_GROWTH
      : 0;
  }
}
