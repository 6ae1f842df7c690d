// The messages of a SignStream as the data that they carry.
// Must never end as if all data had come when the caller went away, nor wait for ever for one who says nothing.
import { status } from "@grpc/grpc-js";
import type { SignStreamRequest } from "../proto/mod.ts";
import { invalidArgument, isRefusal, type Refusal, refuse } from "./refusal.ts";

/** How long the next message may take: whoever is slower holds one of the few streams for nothing. */
export const IDLE_MS = 30_000;

/** Data, and why it ended early: what a source throws is lost on its way through the signer's client. */
export interface DataParts extends AsyncIterable<Uint8Array> {
  readonly failure: Refusal | undefined;
}

/** @throws Refusal when it takes too long */
export async function firstMessage(
  messages: AsyncIterator<SignStreamRequest>,
): Promise<SignStreamRequest | undefined> {
  const { done, value } = await inTime(messages.next());
  return done ? undefined : value;
}

/**
 * @param cancelled whether the caller went away: the stream of its messages then ends as well
 * @param refused asked when all data is there: what was allowed at the beginning may not be an hour later
 */
export function dataParts(
  messages: AsyncIterator<SignStreamRequest>,
  cancelled: () => boolean,
  refused: () => Refusal | undefined,
): DataParts {
  let failure: Refusal | undefined;
  const fail = (refusal: Refusal) => failure = refusal;
  return {
    get failure() {
      return failure;
    },
    async *[Symbol.asyncIterator]() {
      for (let number = 2;; number++) {
        const { done, value } = await inTime(messages.next()).catch((error: unknown) => {
          throw fail(isRefusal(error) ? error : gone());
        });
        if (cancelled()) throw fail(gone());
        if (done) {
          const refusal = refused();
          if (refusal !== undefined) throw fail(refusal);
          return;
        }
        if (!value.data) {
          throw fail(
            invalidArgument({
              field: "data",
              description: `message ${number} has none; only the first says how`,
            }),
          );
        }
        yield value.data;
      }
    },
  };
}

const gone = () => refuse(status.CANCELLED, "CANCELLED", "the caller went away");

async function inTime<T>(next: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const message = `no message came for ${IDLE_MS / 1000} s; send data as soon as it is there`;
    timer = setTimeout(() => reject(refuse(status.DEADLINE_EXCEEDED, "STREAM_IDLE", message)), IDLE_MS);
  });
  try {
    return await Promise.race([next, late]);
  } finally {
    clearTimeout(timer);
  }
}
