// A client's keepalive: a PING after silence, the end of the connection when nothing answers (gRFC A8).
// Must never ping a server that has no call of ours unless it was permitted: servers count that as abuse.
import type { Clock, Timer } from "./clock.ts";

export interface KeepaliveConfig {
  /** Silence from the server after which it is asked. */
  readonly timeMs: number;
  /** From the PING to the first byte of any kind. */
  readonly timeoutMs: number;
  readonly permitWithoutCalls: boolean;
}

/** What the keepalive knows of its connection. */
export interface KeepaliveLink {
  /** When bytes came last, on the clock: any byte is a sign of life. */
  readonly heardMs: number;
  readonly openCalls: number;
  ping(): void;
  /** Nothing answers: close. */
  lose(reason: string): void;
}

const NEVER = -1;

/** One timer a connection; what is received costs nothing, since the timer looks at `heardMs` when it fires. */
export class ClientKeepalive {
  #timer: Timer | undefined;
  #dueMs = 0;
  #pingedMs = NEVER;

  constructor(
    private readonly config: KeepaliveConfig,
    private readonly clock: Clock,
    private readonly link: KeepaliveLink,
  ) {}

  /** The connection is ready, or a call has opened: a look that slept for want of calls is made up for. */
  wake(): void {
    if (this.#timer === undefined) this.#look();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #look(): void {
    const nowMs = this.clock.nowMs();
    if (this.#pingedMs !== NEVER && this.link.heardMs < this.#pingedMs) return this.#unanswered(nowMs);
    this.#pingedMs = NEVER;
    const quietMs = nowMs - this.link.heardMs;
    if (quietMs < this.config.timeMs) return this.#lookIn(this.config.timeMs - quietMs, nowMs);
    // Nobody waits for this server: the next call wakes the keepalive, which then asks at once.
    if (this.link.openCalls === 0 && !this.config.permitWithoutCalls) return;
    this.#pingedMs = nowMs;
    this.link.ping();
    this.#lookForAnswer(nowMs);
  }

  /** Not only at the end: an answer starts the next silence, which may be shorter than the time to answer. */
  #lookForAnswer(nowMs: number): void {
    const leftMs = this.#pingedMs + this.config.timeoutMs - nowMs;
    this.#lookIn(Math.min(leftMs, this.config.timeMs), nowMs);
  }

  #unanswered(nowMs: number): void {
    const { timeoutMs } = this.config;
    if (nowMs - this.#pingedMs < timeoutMs) return this.#lookForAnswer(nowMs);
    // A look that comes much too late shows that this process stood still (a paused VM, a stopped program):
    // the answer may wait unread in the socket.
    if (nowMs - this.#dueMs > timeoutMs / 2) {
      this.#pingedMs = nowMs;
      return this.#lookForAnswer(nowMs);
    }
    this.link.lose(`keepalive ping failed: the server sent nothing within ${timeoutMs} ms`);
  }

  #lookIn(delayMs: number, nowMs: number): void {
    this.#dueMs = nowMs + delayMs;
    this.#timer = this.clock.startTimer(Math.ceil(delayMs), () => {
      this.#timer = undefined;
      this.#look();
    }, true);
  }
}
