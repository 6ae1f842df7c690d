// Callers whom the signer has just told that its queue for their key is full: until that can have changed they are told
// so here, which under overload leaves the time of the way there and back to signatures.
// Must never keep anybody out for longer than a part of the delay that the signer named, nor tell a caller what it told another.
import { status } from "@grpc/grpc-js";
import { type SignerError, type SignJob } from "./signer.ts";

/** The signer's reason, whose delay is half of what waits: in an eighth of it the queue stays nearly full. */
const QUEUE_FULL = "QUEUE_FULL";
const SHARE_OF_DELAY = 8;

/** Data from which an item waits in another queue: the signer's BULK_DATA_BYTES. */
const BULK_DATA_BYTES = 64 * 1024;

/** Callers and keys that are remembered; more are asked about at the signer as ever. */
const MAX_REMEMBERED = 256;

interface Full {
  readonly untilMs: number;
  /** Whoever has more time than those that were refused may still find room. */
  readonly timeLeftMs: number;
  readonly error: SignerError;
}

type Asked = Pick<SignJob, "key" | "caller" | "data" | "timeLeftMs">;

export class FullLanes {
  readonly #full = new Map<string, Full>();

  /** What the signer said of a job. */
  note(job: Asked, error: SignerError, nowMs: number): void {
    if (error.code !== status.RESOURCE_EXHAUSTED || error.reason !== QUEUE_FULL || isBulk(job)) return;
    const name = nameOf(job);
    const before = this.#full.get(name);
    const known = before !== undefined && before.untilMs > nowMs ? before.timeLeftMs : 0;
    if (before === undefined && this.#full.size >= MAX_REMEMBERED) this.#forget(nowMs);
    if (before === undefined && this.#full.size >= MAX_REMEMBERED) return;
    this.#full.set(name, {
      untilMs: nowMs + error.retryAfterMs / SHARE_OF_DELAY,
      timeLeftMs: Math.max(known, job.timeLeftMs ?? Infinity),
      error,
    });
  }

  /** What the signer would say of a job, as far as is known. */
  refusal(job: Asked, nowMs: number): SignerError | undefined {
    if (this.#full.size === 0 || isBulk(job)) return undefined;
    const name = nameOf(job);
    const full = this.#full.get(name);
    if (full === undefined) return undefined;
    if (full.untilMs <= nowMs) this.#full.delete(name);
    else if ((job.timeLeftMs ?? Infinity) <= full.timeLeftMs) return full.error;
    return undefined;
  }

  clear(): void {
    this.#full.clear();
  }

  #forget(nowMs: number): void {
    for (const [name, { untilMs }] of this.#full) if (untilMs <= nowMs) this.#full.delete(name);
  }
}

const isBulk = ({ data }: Asked) => (data?.length ?? 0) >= BULK_DATA_BYTES;

/** A key that exists has no line break in its id, so nobody is taken for another. */
const nameOf = ({ key, caller }: Asked) => `${key}\n${caller.transport}\n${caller.identity}`;
