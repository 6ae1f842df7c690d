// The messages of a Backup.Restore on their way to the signer, held against the digest in the first one: a proof covers
// that message only. Must never end well for other data than that, nor for a caller who went away.
import { createHash } from "node:crypto";
import { status } from "@grpc/grpc-js";
import type { RestoreRequest, RestoreStart } from "../proto/mod.ts";
import { type FieldViolation, invalidArgument, isRefusal, type Refusal, refuse } from "./refusal.ts";

/** As the signer's. 200,000 keys with the longest policies and two versions of RSA-4096 each have about as much. */
export const MAX_BACKUP_BYTES = 8 * 1024 ** 3;

const SHA256_BYTES = 32;

export interface RestoreRequests extends AsyncIterable<RestoreRequest> {
  /** Why it ended early: what a source throws is lost on its way through the signer's client. */
  readonly failure: Refusal | undefined;
  /** Whether more was asked for than a look. */
  readonly changes: boolean;
}

/** @param cancelled whether the caller went away: the stream of its messages then ends as well */
export function restoreRequests(
  messages: AsyncIterable<RestoreRequest>,
  cancelled: () => boolean,
): RestoreRequests {
  let failure: Refusal | undefined;
  let changes = false;
  const checked = async function* (): AsyncGenerator<RestoreRequest, void, void> {
    let start: RestoreStart | undefined;
    let bytes = 0;
    const hash = createHash("sha256");
    for await (const message of messages) {
      if (start === undefined) {
        start = checkedStart(message);
        changes = !start.dry_run;
      } else {
        if (!message.data) {
          throw invalidArgument({ field: "data", description: "only the first message has none" });
        }
        bytes += message.data.length;
        if (start.bytes.lt(bytes)) throw invalidArgument(notThatFile(start, "more"));
        hash.update(message.data);
      }
      yield message;
    }
    if (cancelled()) throw refuse(status.CANCELLED, "CANCELLED", "the caller went away");
    if (start === undefined) {
      throw invalidArgument({ field: "start", description: "the first message is missing" });
    }
    if (start.bytes.neq(bytes)) throw invalidArgument(notThatFile(start, `${bytes}`));
    if (!hash.digest().equals(start.sha256)) {
      const description = "it isn't that of the data that came; nothing was restored";
      throw invalidArgument({ field: "start.sha256", description });
    }
  };
  return {
    get failure() {
      return failure;
    },
    get changes() {
      return changes;
    },
    async *[Symbol.asyncIterator]() {
      try {
        yield* checked();
      } catch (error) {
        failure = isRefusal(error) ? error : refuse(status.CANCELLED, "CANCELLED", "the caller went away");
        throw failure;
      }
    },
  };
}

/** @throws Refusal */
function checkedStart({ start }: RestoreRequest): RestoreStart {
  if (!start) {
    throw invalidArgument({ field: "start", description: "the first message says what is restored" });
  }
  const violations: FieldViolation[] = [];
  if (start.sha256.length !== SHA256_BYTES) {
    const description = `${start.sha256.length} bytes; the SHA-256 of the whole file has ${SHA256_BYTES}`;
    violations.push({ field: "start.sha256", description });
  }
  if (start.bytes.isZero() || start.bytes.gt(MAX_BACKUP_BYTES)) {
    violations.push({ field: "start.bytes", description: `from 1 to ${MAX_BACKUP_BYTES}` });
  }
  if (violations.length > 0) throw invalidArgument(...violations);
  return start;
}

const notThatFile = ({ bytes }: RestoreStart, came: string): FieldViolation => ({
  field: "start.bytes",
  description: `${bytes} bytes were announced and ${came} came; nothing was restored`,
});
