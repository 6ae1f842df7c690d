// What the signer did for this agent. The times are the signer's own, which every signature brings with it
// (SignResult.queue_us, sign_us): no question more, no sampling. Must never make a label of a text of the signer's.
import { status } from "@grpc/grpc-js";
import { Algorithm } from "../proto/mod.ts";
import type { SignerObserver } from "../signer/observer.ts";
import type { Signed, Signer, SignerError } from "../signer/signer.ts";
import { SIGNER_SECONDS } from "./catalogue.ts";
import { Histogram } from "./histogram.ts";
import type { Collected, Distribution } from "./registry.ts";

/** Reasons that may become a label: the signer's (dataplane/signer/src/policy.rs and the store's), the agent's own, statuses. */
export const REASONS: ReadonlySet<string> = new Set([
  "ALGORITHM_NOT_ALLOWED",
  "CLOCK_UNKNOWN",
  "KEY_CHANGED",
  "KEY_DAMAGED",
  "KEY_DESTROYED",
  "KEY_DISABLED",
  "KEY_EXPIRED",
  "KEY_NOT_ALLOWED",
  "KEY_NOT_FOUND",
  "KEY_NOT_YET_VALID",
  "KEY_PENDING_DELETION",
  "KEY_RATE",
  "QUEUE_FULL",
  "SIGNER_BUSY",
  "STORE_DAMAGED",
  "STORE_DISK_FULL",
  "STORE_FULL",
  "STORE_IO",
  "STORE_READ_ONLY",
  "STORE_UNSETTLED",
  "TOO_MANY_STREAMS",
  "TRANSPORT_NOT_ALLOWED",
  "VERSION_NOT_CURRENT",
  "VERSION_NOT_FOUND",
]);

const ALGORITHMS = Object.entries(Algorithm);

class AlgorithmCounts {
  readonly queue = new Histogram(SIGNER_SECONDS);
  readonly sign = new Histogram(SIGNER_SECONDS);
  readonly refused = new Map<string, number>();

  constructor(readonly algorithm: string) {}
}

export class SignerMetrics implements SignerObserver {
  readonly #byNumber = new Map(
    ALGORITHMS.map(([name, number]) => [number as number, new AlgorithmCounts(name)]),
  );
  /** For numbers that no algorithm has: callers may ask for any. */
  readonly #other = new AlgorithmCounts("unknown");
  /** Calls that sign nothing. */
  readonly #none = new AlgorithmCounts("none");
  #connects = 0;

  constructor(private readonly signer: Pick<Signer, "healthy" | "inFlight">) {}

  signed(algorithm: number, { queue_us, sign_us }: Signed): void {
    const counts = this.#byNumber.get(algorithm) ?? this.#other;
    counts.queue.observe(queue_us / 1_000_000);
    counts.sign.observe(sign_us / 1_000_000);
  }

  refused(algorithm: number | undefined, { code, reason }: SignerError): void {
    const { refused } = algorithm === undefined ? this.#none : this.#byNumber.get(algorithm) ?? this.#other;
    const label = REASONS.has(reason) ? reason : status[code] ?? "UNKNOWN";
    refused.set(label, (refused.get(label) ?? 0) + 1);
  }

  connected(): void {
    this.#connects++;
  }

  readonly collect = (): Collected => {
    const all = [...this.#byNumber.values(), this.#other, this.#none];
    const times = (histogram: (counts: AlgorithmCounts) => Histogram): Distribution[] =>
      all.filter((counts) => histogram(counts).observations > 0).map((counts) => {
        const { counts: buckets, sum } = histogram(counts);
        return { labels: { algorithm: counts.algorithm }, counts: buckets, sum };
      });
    return {
      gatehouse_signer_up: [{ labels: {}, value: this.signer.healthy ? 1 : 0 }],
      gatehouse_signer_connects_total: [{ labels: {}, value: this.#connects }],
      gatehouse_signer_in_flight: [{ labels: {}, value: this.signer.inFlight }],
      gatehouse_signer_queue_seconds: times(({ queue }) => queue),
      gatehouse_signer_sign_seconds: times(({ sign }) => sign),
      gatehouse_signer_refusals_total: all.flatMap(({ algorithm, refused }) =>
        [...refused].map(([reason, value]) => ({ labels: { algorithm, reason }, value }))
      ),
    };
  };
}
