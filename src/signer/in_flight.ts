// The items whose callers wait: each is settled exactly once, by its result, by
// its deadline or by the loss of the signer. Bounded in number and in bytes.
import { status } from "@grpc/grpc-js";
import { MAX_PENDING_BYTES, MAX_PENDING_ITEMS } from "./limits.ts";
import { type Signed, SignerError, type SignJob } from "./signer.ts";

interface Waiting {
  readonly resolve: (signed: Signed) => void;
  readonly reject: (error: SignerError) => void;
  readonly job: SignJob;
  readonly bytes: number;
  readonly expiresMs: number;
}

const MAX_ID = 0xffff_ffff;

export const lateError = () => new SignerError(status.DEADLINE_EXCEEDED, "the signer did not answer in time");

export class InFlight {
  /** In order of arrival, which is the order of expiry: every item has the same time. */
  readonly #waiting = new Map<number, Waiting>();
  #bytes = 0;
  #lastId = 0;

  /** @param onSettled hears of each once, before its caller */
  constructor(private readonly onSettled: (job: SignJob, outcome: Signed | SignerError) => void = () => {}) {}

  get size(): number {
    return this.#waiting.size;
  }

  /** @returns the reason when there is no room for `bytes` more */
  refusal(bytes: number): string | undefined {
    if (this.#waiting.size >= MAX_PENDING_ITEMS) {
      return `${MAX_PENDING_ITEMS} signatures are waited for already`;
    }
    if (this.#bytes + bytes > MAX_PENDING_BYTES) return `${this.#bytes} bytes wait to be signed already`;
    return undefined;
  }

  /** @returns the item's id. Ids come round after 2^32, past those still waiting. */
  add(waiting: Waiting): number {
    do {
      this.#lastId = this.#lastId === MAX_ID ? 1 : this.#lastId + 1;
    } while (this.#waiting.has(this.#lastId));
    this.#waiting.set(this.#lastId, waiting);
    this.#bytes += waiting.bytes;
    return this.#lastId;
  }

  has(id: number): boolean {
    return this.#waiting.has(id);
  }

  /** A result for an id that nobody waits for (its deadline passed) is dropped. @returns the job that it is of */
  settle(id: number, outcome: Signed | SignerError): SignJob | undefined {
    const waiting = this.#take(id);
    if (waiting) this.onSettled(waiting.job, outcome);
    if (outcome instanceof SignerError) waiting?.reject(outcome);
    else waiting?.resolve(outcome);
    return waiting?.job;
  }

  failAll(error: SignerError): void {
    for (const id of [...this.#waiting.keys()]) this.settle(id, error);
  }

  /** When the next deadline passes, undefined when nobody waits. */
  get nextExpiryMs(): number | undefined {
    const [first] = this.#waiting.values();
    return first?.expiresMs;
  }

  /** Ends those whose time has passed. @returns how many */
  expire(nowMs: number): number {
    let expired = 0;
    for (const [id, { expiresMs }] of this.#waiting) {
      if (expiresMs > nowMs) break;
      this.settle(id, lateError());
      expired++;
    }
    return expired;
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return undefined;
    this.#waiting.delete(id);
    this.#bytes -= waiting.bytes;
    return waiting;
  }
}
