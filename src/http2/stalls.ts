// Streams and transports that take what we send too slowly: their memory is ours (CVE-2019-9511, -9517).
// Must never count a WINDOW_UPDATE as progress: only bytes that left are.
import type { Core } from "./core.ts";
import { ErrorCode } from "./errors.ts";
import { SEND_STALL_MIN_BYTES, STALL_CHECKS } from "./limits.ts";

/** Looks at each tick; between two ticks it knows nothing. */
export class Stalls {
  readonly #core: Core;
  #outputSinceMs = -1;
  #outputTakes = 0;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Milliseconds until the next look, undefined when nothing waits. */
  nextMs(): number | undefined {
    const core = this.#core;
    if (core.config.sendStallTimeoutMs === 0 || (core.queuedStreams === 0 && core.output.isEmpty)) {
      return undefined;
    }
    return Math.ceil(core.config.sendStallTimeoutMs / STALL_CHECKS);
  }

  check(nowMs: number): void {
    const timeoutMs = this.#core.config.sendStallTimeoutMs;
    if (timeoutMs === 0) return;
    this.#checkTransport(nowMs, timeoutMs);
    if (!this.#core.closed && this.#core.queuedStreams > 0) this.#checkStreams(nowMs, timeoutMs);
  }

  #checkTransport(nowMs: number, timeoutMs: number): void {
    const { output } = this.#core;
    if (output.isEmpty || output.takes !== this.#outputTakes || this.#outputSinceMs < 0) {
      this.#outputTakes = output.takes;
      this.#outputSinceMs = output.isEmpty ? -1 : nowMs;
    } else if (nowMs - this.#outputSinceMs >= timeoutMs) {
      this.#core.fail(ErrorCode.ENHANCE_YOUR_CALM, "send_stalled", "peer");
    }
  }

  #checkStreams(nowMs: number, timeoutMs: number): void {
    const core = this.#core;
    for (const stream of core.streams.values()) {
      if (!stream.hasQueue || core.find(stream.id) !== stream) continue;
      if (stream.stallSinceMs < 0) {
        stream.stallSinceMs = nowMs;
        stream.stallSentBytes = 0;
      } else if (nowMs - stream.stallSinceMs >= timeoutMs) {
        if (stream.stallSentBytes < SEND_STALL_MIN_BYTES) {
          core.streamError(stream.id, ErrorCode.ENHANCE_YOUR_CALM, "send_stalled");
          if (core.closed) return;
        } else {
          stream.stallSinceMs = nowMs;
          stream.stallSentBytes = 0;
        }
      }
    }
  }
}
