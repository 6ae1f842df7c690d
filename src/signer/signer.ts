// What the services know of signing: names of keys, data in, signatures out, and the calls that keys are kept by.
// Must never know a private key, nor how the signer is reached.
import { status } from "@grpc/grpc-js";
import type { CallTrace } from "../grpc/call_trace.ts";
import type { ClientMethod } from "../grpc/client.ts";
import type { SignerSignItemInit, SignerSignResult } from "../proto/mod.ts";
import type { SignerObserver } from "./observer.ts";

/** Why the signer did not do it: a gRPC status that may be handed to the caller as it is. */
export class SignerError extends Error {
  override readonly name = "SignerError";

  /**
   * @param reason for google.rpc.ErrorInfo, such as "RATE"; empty when the status says all
   * @param retryAfterMs when to come again; 0: not stated
   */
  constructor(readonly code: status, message: string, readonly reason = "", readonly retryAfterMs = 0) {
    super(message);
  }
}

/** Who asks, as policies of keys name him. One object for as many items as possible: it crosses once a batch. */
export interface SignerCaller {
  /** As Access.WhoAmI names it. */
  readonly identity: string;
  /** One of `Transport`. */
  readonly transport: number;
}

interface JobWithoutInput {
  /** Key.id, such as "default-rsa". */
  readonly key: string;
  /** 0, or absent: the newest. */
  readonly version?: number;
  /** One of `Algorithm`. */
  readonly algorithm: number;
  /** One of `EcdsaEncoding`; absent: DER. */
  readonly encoding?: number;
  readonly caller: SignerCaller;
  /** What is left of the call's time, milliseconds; absent: as much as the agent gives. */
  readonly timeLeftMs?: number;
  /** Of the call that asks, where it is traced. */
  readonly trace?: CallTrace;
}

/** Bytes must not change before the promise is settled. */
export type SignJob =
  & JobWithoutInput
  & ({ readonly data: Uint8Array; readonly digest?: undefined } | {
    readonly digest: Uint8Array;
    readonly data?: undefined;
  });

/** A job whose data comes in parts. */
export type SignStreamJob = JobWithoutInput;

export interface Signed {
  /** RSA: as long as the modulus; ECDSA: as the job's encoding says; Ed25519: 64 bytes. */
  readonly signature: Uint8Array;
  /** That signed. */
  readonly version: number;
  /** Microseconds in the signer, before a worker took it. */
  readonly queue_us: number;
  readonly sign_us: number;
}

export interface CallOptions {
  /** Milliseconds from now; absent: the signer's own bound. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
  /** Of the call on whose behalf this one is made, where that is traced. */
  readonly trace?: CallTrace;
}

/** Calls beside the stream of signatures: methods of gatehouse.signer.v1.SignerService. All throw SignerError. */
export interface SignerCalls {
  unary<Request, Response>(
    method: ClientMethod<Request, Response>,
    request: Request,
    options?: CallOptions,
  ): Promise<Response>;
  /** Leaving the loop cancels the call. */
  serverStream<Request, Response>(
    method: ClientMethod<Request, Response>,
    request: Request,
    options?: CallOptions,
  ): AsyncIterable<Response>;
  /** Takes no more of `requests` than the signer has room for; what it throws cancels the call. */
  clientStream<Request, Response>(
    method: ClientMethod<Request, Response>,
    requests: AsyncIterable<Request>,
    options?: CallOptions,
  ): Promise<Response>;
}

/** Whether the appliance knows the time. */
export interface KnownTime {
  readonly known: boolean;
  /** Calls back at every change of `known`. */
  onChange(callback: () => void): void;
}

export interface Signer extends SignerCalls {
  /**
   * Signs; all that is asked for in one turn of the event loop crosses as one write.
   * @throws SignerError the signer's refusal by the key's state or policy, INVALID_ARGUMENT (algorithm, data),
   * RESOURCE_EXHAUSTED (too much waits), UNAVAILABLE (no signer, or it went away with this in flight), DEADLINE_EXCEEDED
   */
  sign(job: SignJob): Promise<Signed>;
  /**
   * Signs data of any length on a stream of its own. What `parts` throws leaves nothing signed.
   * @throws SignerError as sign()
   */
  signStream(job: SignStreamJob, parts: AsyncIterable<Uint8Array>, options?: CallOptions): Promise<Signed>;
  /**
   * SubjectPublicKeyInfo (RFC 5280, 4.1.2.7) of the newest version, DER; the last known while the signer is away.
   * @throws SignerError NOT_FOUND, UNAVAILABLE
   */
  publicKey(key: string): Promise<Uint8Array>;
  /** Says by what to tell whether the time is known: until then no key with dates signs, and none is deleted by date. */
  useClock(clock: KnownTime): void;
  /** Has what happens told to `observer`, from now on. */
  observe(observer: SignerObserver): void;
  /** Signatures of sign() that are waited for. */
  readonly inFlight: number;
  /** Whether signing works now. */
  readonly healthy: boolean;
  /** Calls back at every change of `healthy`. */
  onHealth(callback: (healthy: boolean) => void): void;
  /** What is in flight gets UNAVAILABLE. */
  close(): Promise<void>;
}

/** A signature or a refusal, as it came. */
export function outcomeOf(result: SignerSignResult): Signed | SignerError {
  const { signature, failure } = result;
  if (failure) {
    return new SignerError(failure.code, failure.message, failure.reason, failure.retry_after_ms);
  }
  // The result's own object: one a signature is enough.
  if (signature) return result as SignerSignResult & { signature: Uint8Array };
  return new SignerError(status.INTERNAL, "the signer gave no outcome");
}

/** The item of a job, without its input. */
export const itemOf = ({ key, version, algorithm, encoding }: JobWithoutInput): SignerSignItemInit => ({
  key,
  version,
  algorithm,
  encoding,
});
