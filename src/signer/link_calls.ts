// The signer's calls beside the stream of signatures, over whichever link there is.
// Must never wait for a signer that isn't there: whoever keeps the link says how long.
import { status } from "@grpc/grpc-js";
import type { ClientMethod } from "../grpc/client.ts";
import { MAX_DATA_BYTES, MAX_IDENTITY_UNITS, MAX_KEY_NAME_BYTES, MAX_SIGN_STREAMS } from "./limits.ts";
import type { Link } from "./link.ts";
import { SIGNER } from "./methods.ts";
import type { SignerObserver } from "./observer.ts";
import { streamedParts } from "./sign_stream.ts";
import {
  type CallOptions,
  type KnownTime,
  outcomeOf,
  type Signed,
  type SignerCalls,
  SignerError,
  type SignStreamJob,
} from "./signer.ts";

/** Why a job isn't sent, whatever the signer's state; undefined when it may be. @param inputBytes of data or digest */
export function jobRefusal({ key, caller }: SignStreamJob, inputBytes: number): SignerError | undefined {
  // Before the lengths of fields count: a name that is too long is no key's.
  if (key.length > MAX_KEY_NAME_BYTES) {
    return new SignerError(status.INVALID_ARGUMENT, `key: a name has at most ${MAX_KEY_NAME_BYTES} bytes`);
  }
  const { length } = caller.identity;
  if (length > MAX_IDENTITY_UNITS) {
    const text = `the caller's name has ${length} characters, at most ${MAX_IDENTITY_UNITS} are known by`;
    return new SignerError(status.PERMISSION_DENIED, text);
  }
  if (inputBytes > MAX_DATA_BYTES) {
    const text = `data: ${inputBytes} bytes, at most ${MAX_DATA_BYTES} are signed`;
    return new SignerError(status.INVALID_ARGUMENT, text);
  }
  return undefined;
}

export abstract class LinkCalls implements SignerCalls {
  /** Until somebody says it, the time isn't known. */
  protected time: Pick<KnownTime, "known"> = { known: false };
  protected observer: SignerObserver | undefined;
  #signStreams = 0;

  /** @throws SignerError UNAVAILABLE */
  protected abstract usableLink(): Promise<Link>;

  /** Has the signer told whether the time is known. */
  protected abstract tellTime(): void;

  observe(observer: SignerObserver): void {
    this.observer = observer;
  }

  useClock(clock: KnownTime): void {
    this.time = clock;
    clock.onChange(() => this.tellTime());
    this.tellTime();
  }

  async unary<Request, Response>(
    method: ClientMethod<Request, Response>,
    request: Request,
    options?: CallOptions,
  ): Promise<Response> {
    return await this.#told(async () => (await this.usableLink()).calls.unary(method, request, options));
  }

  async *serverStream<Request, Response>(
    method: ClientMethod<Request, Response>,
    request: Request,
    options?: CallOptions,
  ): AsyncGenerator<Response, void, void> {
    const { calls } = await this.usableLink();
    yield* calls.serverStream(method, request, options);
  }

  async clientStream<Request, Response>(
    method: ClientMethod<Request, Response>,
    requests: AsyncIterable<Request>,
    options?: CallOptions,
  ): Promise<Response> {
    return await this.#told(() => this.#clientStream(method, requests, options));
  }

  async #clientStream<Request, Response>(
    method: ClientMethod<Request, Response>,
    requests: AsyncIterable<Request>,
    options?: CallOptions,
  ): Promise<Response> {
    const { calls } = await this.usableLink();
    return await calls.clientStream(method, requests, options);
  }

  async #told<Result>(call: () => Promise<Result>, algorithm?: number): Promise<Result> {
    try {
      return await call();
    } catch (error) {
      if (error instanceof SignerError) this.observer?.refused(algorithm, error);
      throw error;
    }
  }

  async signStream(
    job: SignStreamJob,
    parts: AsyncIterable<Uint8Array>,
    options: CallOptions = {},
  ): Promise<Signed> {
    const signed = await this.#told(() => this.#signStream(job, parts, options), job.algorithm);
    this.observer?.signed(job.algorithm, signed);
    return signed;
  }

  async #signStream(
    job: SignStreamJob,
    parts: AsyncIterable<Uint8Array>,
    options: CallOptions,
  ): Promise<Signed> {
    const refusal = jobRefusal(job, 0);
    if (refusal) throw refusal;
    if (this.#signStreams >= MAX_SIGN_STREAMS) {
      const text = `${MAX_SIGN_STREAMS} streams of data are open already; call again in a while`;
      throw new SignerError(status.RESOURCE_EXHAUSTED, text, "TOO_MANY_STREAMS");
    }
    this.#signStreams++;
    try {
      const requests = streamedParts(job, this.time.known, parts);
      const outcome = outcomeOf(await this.#clientStream(SIGNER.signStream, requests, options));
      if (outcome instanceof SignerError) throw outcome;
      return outcome;
    } finally {
      this.#signStreams--;
    }
  }
}
