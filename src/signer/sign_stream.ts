// Data of any length as messages of a signing stream of the signer.
// Must never hold more than the part that is on its way.
import type { SignerSignStreamRequestInit } from "../proto/mod.ts";
import { itemOf, type SignStreamJob } from "./signer.ts";

/** Data of one message: larger parts are cut, so that one stream never fills the connection that signatures share. */
export const PART_BYTES = 64 * 1024;

/** The messages of a stream; ends as `parts` ends. */
export async function* streamedParts(
  job: SignStreamJob,
  clockKnown: boolean,
  parts: AsyncIterable<Uint8Array>,
): AsyncGenerator<SignerSignStreamRequestInit, void, void> {
  const { identity, transport } = job.caller;
  yield { start: { item: itemOf(job), caller: { identity, transport }, clock_known: clockKnown } };
  for await (const part of parts) {
    for (let at = 0; at < part.length; at += PART_BYTES) yield { data: part.subarray(at, at + PART_BYTES) };
  }
}
