// What the agent's side of the signer tells as it happens, for metrics.
// Types only. An observer must not throw, wait or cost anything to speak of.
import type { Signed, SignerError } from "./signer.ts";

export interface SignerObserver {
  /** A signature came, with the signer's own times. @param algorithm one of `Algorithm` */
  signed(algorithm: number, outcome: Signed): void;
  /** There was none, for whatever reason; without an algorithm: a call that signs nothing failed. */
  refused(algorithm: number | undefined, error: SignerError): void;
  /** A connection to the signer stands. */
  connected(): void;
}
