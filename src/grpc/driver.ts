// Drives one HTTP/2 connection over one Conn: the only place where the state machine meets I/O and time.
// Must never interpret a frame, nor have more than one read and one write under way.
import type { Connection } from "../http2/mod.ts";
import type { Clock, Timer } from "./clock.ts";
import type { Conn } from "./conn.ts";
import {
  CLOSE_FLUSH_TIMEOUT_MS,
  DRAIN_FLUSH_TIMEOUT_MS,
  MAX_READ_BUFFER_BYTES,
  MAX_READ_PAUSE_MS,
  MAX_TURN_MS,
  MAX_WRITE_BYTES,
  MIN_READ_BUFFER_BYTES,
} from "./limits.ts";

/**
 * Reads, writes and ticks until the connection is finished, then closes the Conn.
 *
 * Output of all streams that comes up in one turn of the event loop leaves in one write: `wake()` asks for
 * a flush at the turn's end, and what comes up while a write is under way leaves with the next one.
 */
export class Driver {
  /** When the bytes at hand were read: one look at the clock for all calls of a turn. */
  turnMs: number;
  #readsAtMs = -Infinity;
  #flushAsked = false;
  #writing = false;
  #closing = false; // the engine has asked for the close, output is going out or lingering
  #closed = false;
  #failure: unknown;
  #timer: Timer | undefined;
  #ticksAtMs = Infinity;
  #closeTimer: Timer | undefined;
  readonly #flush = () => this.#flushNow();

  constructor(
    private readonly conn: Conn,
    private readonly connection: Connection,
    private readonly clock: Clock,
    /** From the last byte written to the close, when the engine ends the connection. */
    private readonly lingerMs: number,
    /** After each look for output: what is queued may have changed. */
    private readonly afterOutput: () => void = () => {},
  ) {
    this.turnMs = clock.nowMs();
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Ends with the connection. Never rejects: how it ended is what the engine's onClosed says. */
  async run(): Promise<void> {
    this.wake();
    let buffer = new Uint8Array(MIN_READ_BUFFER_BYTES);
    try {
      while (!this.#closed) {
        const length = await this.conn.read(buffer);
        if (length === null) break;
        if (this.#closed) break;
        if (this.#closing) continue;
        this.turnMs = this.clock.nowMs();
        this.connection.receive(buffer.subarray(0, length), this.turnMs);
        this.wake();
        if (length >= MIN_READ_BUFFER_BYTES) buffer = this.#sized(buffer, length);
        const pause = this.#readPause();
        if (pause !== undefined) await pause;
      }
    } catch (error) {
      // The transport failed: for the engine the same as its end.
      if (!this.#closed) this.#failure = error;
    }
    this.close();
  }

  /** What the transport's layer says in its own words of the end; undefined for the kernel's, which say less. */
  get failure(): string | undefined {
    const error = this.#failure;
    return error instanceof Error && error.name === "SocketError" ? error.message : undefined;
  }

  /** Reads nothing before that time on the clock: the peer has made more work than its share. */
  pauseReads(untilMs: number): void {
    this.#readsAtMs = untilMs;
  }

  /** Undefined for none: then nothing is awaited either. */
  #readPause(): Promise<void> | undefined {
    const pauseMs = Math.min(this.#readsAtMs - this.turnMs, MAX_READ_PAUSE_MS);
    if (pauseMs <= 0) return undefined;
    return new Promise((resolve) => this.clock.startTimer(pauseMs, resolve, true));
  }

  /** The next read's buffer: larger where reads fill it, smaller where one held the event loop for too long. */
  #sized(buffer: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
    const size = buffer.length;
    if (this.clock.nowMs() - this.turnMs > MAX_TURN_MS) {
      return size > MIN_READ_BUFFER_BYTES ? new Uint8Array(size / 2) : buffer;
    }
    return length === size && size < MAX_READ_BUFFER_BYTES ? new Uint8Array(size * 2) : buffer;
  }

  /** There may be output: flush once, at the end of this turn. */
  wake(): void {
    if (this.#flushAsked || this.#closed) return;
    this.#flushAsked = true;
    queueMicrotask(this.#flush);
  }

  /** Closes at once. Streams that live get their onReset. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    this.#closeTimer?.cancel();
    this.connection.end(this.clock.nowMs());
    this.conn.close();
  }

  #flushNow(): void {
    this.#flushAsked = false;
    if (this.#closed) return;
    if (!this.#writing) {
      const output = this.connection.takeOutput(MAX_WRITE_BYTES);
      if (output !== undefined) {
        this.#writing = true;
        this.#write(output).catch(() => this.close());
      }
    }
    this.afterOutput();
    if (this.connection.wantsClose) this.#beginClose();
    else this.#schedule();
  }

  async #write(first: Uint8Array): Promise<void> {
    for (let output: Uint8Array | undefined = first; output !== undefined && !this.#closed;) {
      const written = await this.conn.write(output);
      output = written < output.length
        ? output.subarray(written)
        : this.connection.takeOutput(MAX_WRITE_BYTES);
    }
    this.#writing = false;
    this.afterOutput();
    if (this.#closed) return;
    if (this.connection.wantsClose) this.#beginClose();
    else this.#schedule();
  }

  /** Flushes, lets the peer read it, closes: a close at once, with input unread, destroys our last frames on TCP. */
  #beginClose(): void {
    if (!this.#closing) {
      this.#closing = true;
      this.#timer?.cancel();
      this.#closeAfter(this.connection.error === undefined ? DRAIN_FLUSH_TIMEOUT_MS : CLOSE_FLUSH_TIMEOUT_MS);
    }
    if (!this.#writing) this.#closeAfter(this.lingerMs);
  }

  #closeAfter(delayMs: number): void {
    this.#closeTimer?.cancel();
    this.#closeTimer = this.clock.startTimer(delayMs, () => this.close());
  }

  /** Moves the timer only when the engine wants an earlier tick: a late one costs a look, moving costs each turn. */
  #schedule(): void {
    const nowMs = this.clock.nowMs();
    const delayMs = this.connection.nextTimeoutMs(nowMs);
    if (delayMs === undefined || nowMs + delayMs >= this.#ticksAtMs) return;
    this.#timer?.cancel();
    this.#ticksAtMs = nowMs + delayMs;
    this.#timer = this.clock.startTimer(Math.ceil(delayMs), () => this.#tick(), true);
  }

  #tick(): void {
    this.#ticksAtMs = Infinity;
    this.connection.tick(this.clock.nowMs());
    this.wake();
  }
}
