// The accept loop of every transport. Nothing that a peer does and no lack of
// descriptors may end it: it reports, backs off and goes on until close().
import { errorCode, SocketError } from "./error.ts";
import type { Conn, Listener } from "./types.ts";

/**
 * Connections of one listener that may live at a time. Each holds a descriptor
 * and an HTTP/2 state of tens of KiB; more than that is an attack or a leak.
 */
export const MAX_CONNECTIONS = 4096;
/** First pause after a failed accept (EMFILE and the like); doubles up to the longest. */
const FIRST_PAUSE_MS = 5;
/** Longest pause: a second after descriptors are free again, the listener answers again. */
const LONGEST_PAUSE_MS = 1000;
/** Refusals are reported at most this often, so that a peer can't fill the log. */
const REPORT_INTERVAL_MS = 1000;

export interface ListenOptions {
  /** Default MAX_CONNECTIONS; further ones are closed at once and reported. */
  readonly maxConnections?: number;
  /** Unix sockets: permission bits of the socket file, in force before anyone can connect. */
  readonly mode?: number;
  /** Hears of failed accepts and refused peers, at most once a second. */
  readonly onError?: (error: SocketError) => void;
}

/** What is accepted from: a Deno.Listener, or a test's. */
export interface AcceptSource<S extends Deno.Conn> {
  accept(): Promise<S>;
  close(): void;
}

/** Makes the Conn of an accepted socket; throws a SocketError to refuse the peer. */
export type Admit<S extends Deno.Conn> = (socket: S, onGone: () => void) => Conn;

export class SocketListener<S extends Deno.Conn> implements Listener {
  readonly address: string;
  readonly #source: AcceptSource<S>;
  readonly #admit: Admit<S>;
  readonly #options: ListenOptions;
  #closed = false;
  #wake: (() => void) | undefined;
  #live = 0;
  #lastReportMs = -Infinity;
  #unreported = 0;

  constructor(source: AcceptSource<S>, address: string, admit: Admit<S>, options: ListenOptions = {}) {
    this.#source = source;
    this.address = address;
    this.#admit = admit;
    this.#options = options;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#wake?.();
    this.#source.close();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Conn, void, void> {
    let pauseMs = FIRST_PAUSE_MS;
    try {
      while (!this.#closed) {
        let socket: S;
        try {
          socket = await this.#source.accept();
        } catch (error) {
          if (this.#closed) return;
          this.#report(
            new SocketError(
              errorCode(error),
              this.address,
              `can't accept at ${this.address}: ${error instanceof Error ? error.message : String(error)}; ` +
                `trying again in ${pauseMs} ms`,
              error,
            ),
          );
          await this.#pause(pauseMs);
          pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
          continue;
        }
        pauseMs = FIRST_PAUSE_MS;
        const conn = this.#take(socket);
        if (conn) yield conn;
      }
    } finally {
      this.close();
    }
  }

  #take(socket: S): Conn | undefined {
    const max = this.#options.maxConnections ?? MAX_CONNECTIONS;
    try {
      if (this.#live >= max) {
        throw new SocketError(
          "ECONNLIMIT",
          this.address,
          `refused a connection at ${this.address}: ${max} are open; close some, or raise the limit`,
        );
      }
      const conn = this.#admit(socket, () => this.#live--);
      this.#live++;
      return conn;
    } catch (error) {
      socket.close();
      // Anything else than a refusal means that the peer vanished between accept and here.
      if (error instanceof SocketError) this.#report(error);
      return undefined;
    }
  }

  #report(error: SocketError): void {
    const { onError } = this.#options;
    if (!onError) return;
    const nowMs = performance.now();
    if (nowMs - this.#lastReportMs < REPORT_INTERVAL_MS) {
      this.#unreported++;
      return;
    }
    this.#lastReportMs = nowMs;
    if (this.#unreported > 0) error.message += ` (${this.#unreported} more were not reported)`;
    this.#unreported = 0;
    try {
      onError(error);
    } catch {
      // A faulty log must not end the accept loop.
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
