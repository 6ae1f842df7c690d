// The other side of a proof: asks for a challenge and signs for one call. For clients over VSOCK and Unix sockets.
// Must never send a proof over a channel that reaches TCP, nor a key anywhere.
import { Buffer } from "node:buffer";
import { createHash, type KeyObject, sign } from "node:crypto";
import { Metadata, status } from "@grpc/grpc-js";
import type { Channel } from "../grpc/channel.ts";
import {
  type CallOptions,
  type ClientMethod,
  clientStream,
  GrpcError,
  serverStream,
  unary,
} from "../grpc/client.ts";
import { type ChallengeRequestInit, type ChallengeResponse, methodAt } from "../proto/mod.ts";
import { reasonIn } from "../services/refusal.ts";
import { encodeProof, PROOF_METADATA, signedBytes } from "./proof.ts";
import { keyIdOf } from "./public_key.ts";

const Challenge = methodAt<ChallengeRequestInit, ChallengeResponse>("/gatehouse.v1.Access/Challenge");

/** What makes proofs: an enrolled key's private half. */
export interface ProvingKey {
  /** SHA-256 of the SubjectPublicKeyInfo. */
  readonly keyId: Uint8Array;
  /** 64 bytes, as access.proto says. */
  sign(data: Uint8Array): Uint8Array;
}

/** @param publicKey SubjectPublicKeyInfo, DER. @param key Ed25519 or P-256 */
export function provingKey(publicKey: Uint8Array, key: KeyObject): ProvingKey {
  const digest = key.asymmetricKeyType === "ed25519" ? null : "sha256";
  return {
    keyId: keyIdOf(publicKey),
    sign: (data) => sign(digest, data, { key, dsaEncoding: "ieee-p1363" }),
  };
}

/**
 * ```ts
 * const prover = new Prover(channel, key);
 * const { admins } = await prover.unary(List, {});
 * ```
 */
export class Prover {
  constructor(private readonly channel: Channel, private readonly key: ProvingKey) {}

  /** One request, one response. @throws GrpcError */
  async unary<Request, Response>(
    method: ClientMethod<Request, Response>,
    request: Request,
    options: CallOptions = {},
  ): Promise<Response> {
    return await again(async () =>
      await unary(this.channel, method, request, await this.#proven(method, request, options))
    );
  }

  /** One request, many responses. Leaving the loop cancels the call. @throws GrpcError while iterating */
  async *serverStream<Request, Response>(
    method: ClientMethod<Request, Response>,
    request: Request,
    options: CallOptions = {},
  ): AsyncGenerator<Response, void, void> {
    const begin = async () => {
      const responses = serverStream(
        this.channel,
        method,
        request,
        await this.#proven(method, request, options),
      )[Symbol.asyncIterator]();
      return { responses, first: await responses.next() };
    };
    const { responses, first } = await again(begin);
    try {
      for (let one = first; !one.done; one = await responses.next()) yield one.value;
    } finally {
      await responses.return?.();
    }
  }

  /**
   * Many requests, one response. The proof is for the first request, which says what the others hold.
   * @param rest the others; called again when the connection was lost before the server took the proof
   * @throws GrpcError
   */
  async clientStream<Request, Response>(
    method: ClientMethod<Request, Response>,
    first: Request,
    rest: () => AsyncIterable<Request>,
    options: CallOptions = {},
  ): Promise<Response> {
    return await again(async () =>
      await clientStream(
        this.channel,
        method,
        firstThen(first, rest),
        await this.#proven(method, first, options),
      )
    );
  }

  /** The call's options with a proof for this very request. */
  async #proven<Request, Response>(
    method: ClientMethod<Request, Response>,
    request: Request,
    options: CallOptions,
  ): Promise<CallOptions> {
    const { deadlineMs, signal } = options;
    const { nonce, instance_id } = await unary(this.channel, Challenge, {}, { deadlineMs, signal });
    const digest = createHash("sha256").update(method.requestSerialize(request)).digest();
    const signature = this.key.sign(
      signedBytes({ instanceId: instance_id, path: method.path, nonce, digest }),
    );
    const metadata = options.metadata?.clone() ?? new Metadata();
    metadata.set(PROOF_METADATA, Buffer.from(encodeProof({ key_id: this.key.keyId, nonce, signature })));
    return { ...options, metadata };
  }
}

/** The requests of a client stream whose first one is known. */
export async function* firstThen<Request>(
  first: Request,
  rest: () => AsyncIterable<Request>,
): AsyncGenerator<Request, void, void> {
  yield first;
  yield* rest();
}

/** A nonce is of one connection: when the channel made another one in between, once more is enough. */
async function again<T>(attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    const lost = error instanceof GrpcError && error.code === status.UNAUTHENTICATED &&
      reasonIn(error.metadata) === "NONCE_UNKNOWN";
    if (!lost) throw error;
    return await attempt();
  }
}
