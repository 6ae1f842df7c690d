// gatehouse.v1.Crypto: signing and verifying with any key that the caller may use. It holds no key and hashes nothing:
// it checks what the signer can't know, asserts who calls, and hands on. Must never let one item of a batch fail another.
import type { handleClientStreamingCall, handleUnaryCall } from "@grpc/grpc-js";
import type { Denial } from "../authority/denials.ts";
import { signerCallerOf } from "../authority/signer_caller.ts";
import { traceOf } from "../grpc/call_trace.ts";
import {
  Algorithm,
  type RandomRequest,
  type RandomResponseInit,
  type SignBatchItemInit,
  type SignBatchRequest,
  type SignBatchResponseInit,
  type SignRequest,
  type SignResponseInit,
  type SignStreamRequest,
  type VerifyRequest,
  type VerifyResponseInit,
} from "../proto/mod.ts";
import { SIGNER } from "../signer/methods.ts";
import type { Signed, Signer } from "../signer/signer.ts";
import { invalidArgument } from "./refusal.ts";
import {
  inputOf,
  itemStatus,
  keyedRefusal,
  keyProblem,
  type Problem,
  problemRefusal,
} from "./keyed_checks.ts";
import { dataParts, firstMessage } from "./sign_parts.ts";
import { timeLeftMs } from "./time_left.ts";

/** Items of one SignBatch. As many of RSA-4096 take a core half a second: what a call may cost, and no more. */
export const MAX_BATCH_ITEMS = 256;

/** Bytes of one Random. */
export const MAX_RANDOM_BYTES = 65_536;

export interface KeyedCryptoOptions {
  readonly signer: Signer;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Hears whom a key was refused. */
  readonly denied?: (denial: Denial) => void;
}

/** What the checks and the signer need of a call. */
type AnyCall = { getPath(): string; getDeadline(): number | Date };

export function keyedCryptoService({ signer, now, denied = () => {} }: KeyedCryptoOptions) {
  /** Rejects with what `keyedRefusal` or `itemStatus` read. */
  const sign = (call: AnyCall, request: SignRequest): Problem | Promise<Signed> => {
    const input = inputOf(request);
    if ("description" in input) return input;
    const { key, version, algorithm, encoding } = request;
    const job = { key, version, algorithm, encoding, ...input };
    return keyProblem(call, key, denied) ??
      signer.sign({
        ...job,
        caller: signerCallerOf(call),
        timeLeftMs: timeLeftMs(call, now()),
        trace: traceOf(call),
      });
  };

  const Sign: handleUnaryCall<SignRequest, SignResponseInit> = (call, callback) => {
    const startedMs = performance.now();
    const { request } = call;
    const signed = sign(call, request);
    if (!(signed instanceof Promise)) return callback(problemRefusal(signed));
    signed.then((one) => callback(null, response(one, request, startedMs)))
      .catch((error: unknown) => callback(keyedRefusal(error)));
  };

  const SignBatch: handleUnaryCall<SignBatchRequest, SignBatchResponseInit> = (call, callback) => {
    const startedMs = performance.now();
    const { items } = call.request;
    if (items.length > MAX_BATCH_ITEMS) {
      const description = `${items.length} items; at most ${MAX_BATCH_ITEMS} are signed in one call`;
      return callback(invalidArgument({ field: "items", description }));
    }
    // All in one turn of the event loop: they cross to the signer as one write.
    const outcomes = items.map((item): SignBatchItemInit | Promise<SignBatchItemInit> => {
      const signed = sign(call, item);
      if (!(signed instanceof Promise)) return { refused: itemStatus(problemRefusal(signed), signed) };
      return signed.then(
        (one) => ({ signed: response(one, item, startedMs) }),
        (error: unknown) => ({ refused: itemStatus(keyedRefusal(error), error) }),
      );
    });
    Promise.all(outcomes).then((items) => callback(null, { items }))
      .catch((error: unknown) => callback(keyedRefusal(error)));
  };

  const SignStream: handleClientStreamingCall<SignStreamRequest, SignResponseInit> = (call, callback) => {
    const startedMs = performance.now();
    const run = async (): Promise<SignResponseInit> => {
      const messages = call[Symbol.asyncIterator]() as AsyncIterator<SignStreamRequest>;
      const first = await firstMessage(messages);
      const start = first?.start;
      if (!start) {
        throw invalidArgument({ field: "start", description: "the first message says how to sign" });
      }
      const { key, version, algorithm, encoding } = start;
      const ofKey = () => keyProblem(call, key, denied);
      const problem = startProblem(start) ?? ofKey();
      if (problem) throw problemRefusal(problem);
      const parts = dataParts(messages, () => call.cancelled, () => {
        const since = ofKey();
        return since && problemRefusal(since);
      });
      const options = { deadlineMs: timeLeftMs(call, now()), trace: traceOf(call) };
      const job = { key, version, algorithm, encoding, caller: signerCallerOf(call) };
      try {
        return response(await signer.signStream(job, parts, options), start, startedMs);
      } catch (error) {
        throw parts.failure ?? error;
      }
    };
    run().then((value) => callback(null, value))
      .catch((error: unknown) => callback(keyedRefusal(error)));
  };

  const Verify: handleUnaryCall<VerifyRequest, VerifyResponseInit> = (call, callback) => {
    const input = inputOf(call.request);
    const problem = "description" in input ? input : keyProblem(call, call.request.key, denied);
    if (problem) return callback(problemRefusal(problem));
    const { identity, transport } = signerCallerOf(call);
    const request = { verify: call.request, caller: { identity, transport } };
    signer.unary(SIGNER.verify, request, { deadlineMs: timeLeftMs(call, now()), trace: traceOf(call) })
      .then((value) => callback(null, value))
      .catch((error: unknown) => callback(keyedRefusal(error)));
  };

  const Random: handleUnaryCall<RandomRequest, RandomResponseInit> = (call, callback) => {
    const { bytes } = call.request;
    if (bytes < 1 || bytes > MAX_RANDOM_BYTES) {
      const description = `${bytes}; from 1 to ${MAX_RANDOM_BYTES} are given in one call`;
      return callback(invalidArgument({ field: "bytes", description }));
    }
    signer.unary(SIGNER.random, { bytes }, { deadlineMs: timeLeftMs(call, now()), trace: traceOf(call) })
      .then((value) => callback(null, value))
      .catch((error: unknown) => callback(keyedRefusal(error)));
  };

  return { Sign, SignBatch, SignStream, Verify, Random };
}

function startProblem(start: SignRequest): Problem | undefined {
  if (start.data || start.digest) {
    return { field: "start", description: "the data comes in the messages after it, a digest by Sign" };
  }
  if (start.algorithm === Algorithm.EDDSA_ED25519) {
    return { field: "start.algorithm", description: "EDDSA_ED25519 reads its data twice: use Sign" };
  }
  return undefined;
}

function response(signed: Signed, { timings }: { timings: boolean }, startedMs: number): SignResponseInit {
  const { signature, version, queue_us, sign_us } = signed;
  if (!timings) return { signature, version };
  const total_us = Math.round((performance.now() - startedMs) * 1000);
  return { signature, version, timings: { queue_us, sign_us, total_us } };
}
