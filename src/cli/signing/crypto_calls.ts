// gatehouse.v1.Crypto from the command line, typed.
import type {
  RandomRequestInit,
  RandomResponse,
  SignBatchRequestInit,
  SignBatchResponse,
  SignRequestInit,
  SignResponse,
  SignStreamRequestInit,
  VerifyRequestInit,
  VerifyResponse,
} from "../../proto/mod.ts";
import type { AdminClient } from "../admin_client.ts";

export const sign = (client: AdminClient, request: SignRequestInit): Promise<SignResponse> =>
  client.unary("/gatehouse.v1.Crypto/Sign", request);

export const signBatch = (client: AdminClient, items: SignRequestInit[]): Promise<SignBatchResponse> =>
  client.unary<SignBatchRequestInit, SignBatchResponse>("/gatehouse.v1.Crypto/SignBatch", { items });

/** @param parts read once */
export const signStream = (
  client: AdminClient,
  start: SignRequestInit,
  parts: () => AsyncIterable<Uint8Array>,
): Promise<SignResponse> =>
  client.clientStream<SignStreamRequestInit, SignResponse>(
    "/gatehouse.v1.Crypto/SignStream",
    { start },
    async function* () {
      for await (const data of parts()) yield { data };
    },
  );

export const verify = (client: AdminClient, request: VerifyRequestInit): Promise<VerifyResponse> =>
  client.unary("/gatehouse.v1.Crypto/Verify", request);

export async function random(client: AdminClient, bytes: number): Promise<Uint8Array> {
  return (await client.unary<RandomRequestInit, RandomResponse>("/gatehouse.v1.Crypto/Random", { bytes }))
    .data;
}
