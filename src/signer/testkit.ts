// A signer for the tests of its callers, which does what they say and nothing else.
// Must never sign: what is real about signing is tested with the real program.
import { status } from "@grpc/grpc-js";
import { type Signed, type Signer, SignerError } from "./signer.ts";

/** Whatever isn't given is UNIMPLEMENTED. */
export function signerThat(does: Partial<Signer>): Signer {
  const not = () => new SignerError(status.UNIMPLEMENTED, "this test's signer doesn't");
  return {
    sign: () => Promise.reject(not()),
    signStream: () => Promise.reject(not()),
    unary: () => Promise.reject(not()),
    clientStream: () => Promise.reject(not()),
    // deno-lint-ignore require-yield -- it ends before it begins
    async *serverStream() {
      throw await Promise.resolve(not());
    },
    publicKey: () => Promise.reject(not()),
    useClock() {},
    observe() {},
    inFlight: 0,
    healthy: true,
    onHealth() {},
    close: () => Promise.resolve(),
    ...does,
  };
}

export const signed = (text: string): Signed => ({
  signature: new TextEncoder().encode(text),
  version: 1,
  queue_us: 2,
  sign_us: 3,
});
