// Signatures of one input or of many: small ones in batches, large ones each by a stream of its own.
// Must never hold more than one batch in memory; what fails is told of its file and doesn't fail the others.
import { status } from "@grpc/grpc-js";
import { GrpcError } from "../../grpc/status.ts";
import { Algorithm, type SignBatchItem, type SignRequestInit, type SignResponse } from "../../proto/mod.ts";
import { MAX_SIGN_DATA_BYTES } from "../../services/crypto.ts";
import { reasonIn } from "../../services/refusal.ts";
import { GatehouseError } from "../../vm/errors.ts";
import type { AdminClient } from "../admin_client.ts";
import { type Input, openInput, readDigest } from "./input.ts";
import { sign, signBatch, signStream } from "./crypto_calls.ts";
import { withProgress } from "./late_progress.ts";

/** What the API takes in one call. */
const MAX_BATCH_ITEMS = 256;

export interface FileSignature {
  readonly file: string;
  readonly outcome: SignResponse | FileRefusal;
  /** Of the input; of a digest, its own. */
  readonly dataBytes: number;
}

export interface FileRefusal {
  readonly code: string;
  readonly message: string;
  readonly reason?: string;
  readonly retry_after_ms?: number;
}

export const isRefused = (outcome: SignResponse | FileRefusal): outcome is FileRefusal => "code" in outcome;

/** @param start the request without its input @param given a path, or what was opened already @throws GrpcError, GatehouseError */
export async function signOne(
  client: AdminClient,
  start: SignRequestInit,
  given: Input | string | undefined,
  isDigest: boolean,
): Promise<{ response: SignResponse; dataBytes: number }> {
  if (isDigest && typeof given !== "object") {
    const digest = await readDigest(given, start.algorithm ?? 0);
    return { response: await sign(client, { ...start, digest }), dataBytes: digest.length };
  }
  const input = typeof given === "object" ? given : await openInput(given);
  if (input.kind === "data") {
    return { response: await sign(client, { ...start, data: input.data }), dataBytes: input.data.length };
  }
  return await signLarge(client, start, input);
}

async function signLarge(
  client: AdminClient,
  start: SignRequestInit,
  input: Extract<Input, { kind: "parts" }>,
) {
  if (start.algorithm === Algorithm.EDDSA_ED25519) {
    throw new GatehouseError(
      "bad-argument",
      `more than ${MAX_SIGN_DATA_BYTES} bytes, and Ed25519 reads its data twice (RFC 8032, 5.1.6)`,
      "sign a digest of it as data, and say so to who verifies; or use another kind of key",
    );
  }
  let dataBytes = 0;
  const response = await signStream(client, start, async function* () {
    for await (const part of withProgress("sign", input.parts(), input.totalBytes)) {
      dataBytes += part.length;
      yield part;
    }
  });
  return { response, dataBytes };
}

/** In the order of the files. */
export async function* signMany(
  client: AdminClient,
  start: SignRequestInit,
  files: readonly string[],
  isDigest: boolean,
): AsyncGenerator<FileSignature> {
  let batch: { file: string; input: Uint8Array }[] = [];
  let bytes = 0;
  const flush = async (): Promise<FileSignature[]> => {
    const taken = batch;
    [batch, bytes] = [[], 0];
    if (taken.length === 0) return [];
    return await signTogether(client, start, taken, isDigest);
  };
  for (const file of files) {
    let input: Input;
    try {
      input = isDigest
        ? { kind: "data", data: await readDigest(file, start.algorithm ?? 0) }
        : await openInput(file);
    } catch (error) {
      yield* await flush();
      yield { file, outcome: refusalOf(error), dataBytes: 0 };
      continue;
    }
    if (input.kind === "parts") {
      yield* await flush();
      yield await signLarge(client, start, input).then(
        ({ response, dataBytes }) => ({ file, outcome: response, dataBytes }),
        (error: unknown) => ({ file, outcome: refusalOf(error), dataBytes: 0 }),
      );
      continue;
    }
    if (batch.length === MAX_BATCH_ITEMS || bytes + sizeOf(input.data) > MAX_SIGN_DATA_BYTES) {
      yield* await flush();
    }
    batch.push({ file, input: input.data });
    bytes += sizeOf(input.data);
  }
  yield* await flush();
}

/** In a batch: with room for the item's other fields. */
const ITEM_BYTES = 256;
const sizeOf = (data: Uint8Array): number => data.length + ITEM_BYTES;

async function signTogether(
  client: AdminClient,
  start: SignRequestInit,
  batch: readonly { file: string; input: Uint8Array }[],
  isDigest: boolean,
): Promise<FileSignature[]> {
  const items = batch.map(({ input }) => ({ ...start, ...(isDigest ? { digest: input } : { data: input }) }));
  // One alone may be as large as one call takes, and a batch of it no more.
  const outcomes = items.length === 1
    ? [await sign(client, items[0]).catch(refusalOf)]
    : (await signBatch(client, items)).items.map(outcomeOf);
  if (outcomes.length !== batch.length) {
    throw new Error(`the server answered ${outcomes.length} items of ${batch.length}`);
  }
  return batch.map(({ file, input }, at) => ({ file, outcome: outcomes[at], dataBytes: input.length }));
}

function outcomeOf({ signed, refused }: SignBatchItem): SignResponse | FileRefusal {
  if (signed) return signed;
  if (!refused) return { code: "UNKNOWN", message: "an item without an outcome" };
  return {
    code: status[refused.code] ?? String(refused.code),
    message: refused.message,
    ...(refused.reason !== "" && { reason: refused.reason }),
    ...(refused.retry_after_ms > 0 && { retry_after_ms: refused.retry_after_ms }),
  };
}

/** What isn't about one file ends everything. */
function refusalOf(error: unknown): FileRefusal {
  if (error instanceof GatehouseError) return { code: error.code, message: error.message };
  if (!(error instanceof GrpcError) || ENDS_ALL.has(error.code)) throw error;
  return { code: status[error.code], message: error.details, reason: reasonIn(error.metadata) };
}
const ENDS_ALL: ReadonlySet<number> = new Set([status.UNAVAILABLE, status.CANCELLED, status.UNIMPLEMENTED]);
