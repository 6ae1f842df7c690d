// When to try again: later each time, never all at once, and never before the server asked to be left alone.

export interface BackoffOptions {
  readonly firstMs: number;
  readonly lastMs: number;
  /** 0 to 1. */
  readonly random?: () => number;
}

/** The longest that a server's Retry-After is taken at its word. */
const MAX_ASKED_MS = 5 * 60_000;

export class Backoff {
  #nextMs: number;

  constructor(private readonly options: BackoffOptions) {
    this.#nextMs = options.firstMs;
  }

  /** How long to wait now. @param askedMs what the server said (Retry-After) */
  next(askedMs = 0): number {
    const { lastMs, random = Math.random } = this.options;
    const waitMs = this.#nextMs * (0.8 + 0.4 * random());
    this.#nextMs = Math.min(this.#nextMs * 2, lastMs);
    return Math.max(Math.min(askedMs, MAX_ASKED_MS), Math.min(waitMs, lastMs));
  }

  /** It went well. */
  reset(): void {
    this.#nextMs = this.options.firstMs;
  }
}

/** Retry-After as seconds or as a date (RFC 9110, 10.2.3), in milliseconds from now; 0 when it says nothing. */
export function retryAfterMs(header: string | null, nowMs: number): number {
  if (header === null) return 0;
  if (/^\s*\d{1,9}\s*$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? 0 : Math.max(0, at - nowMs);
}
