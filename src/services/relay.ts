// What services have in common that hand calls on to the signer: an answer or a refusal, and what is left of the time.
import type { handleUnaryCall } from "@grpc/grpc-js";
import { callerOf } from "../authority/caller.ts";
import { traceOf } from "../grpc/call_trace.ts";
import type { ClientMethod } from "../grpc/client.ts";
import type { Signer } from "../signer/signer.ts";
import { isRefusal, type Refusal } from "./refusal.ts";
import { signerStatus } from "./signer_status.ts";
import { timeLeftMs } from "./time_left.ts";

export interface RelayOptions {
  readonly signer: Signer;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** Calls back with what `work` gives, or with the refusal that it throws. */
export function answerBy<T>(
  callback: (error: Refusal | null, value?: T) => void,
  work: Promise<T>,
): void {
  work.then((value) => callback(null, value))
    .catch((error: unknown) => callback(isRefusal(error) ? error : signerStatus(error)));
}

/**
 * A handler that has the signer do it. It has let nobody in: the guard has.
 * @param done hears of what was done, and who had it done
 */
export function relay<Request, Response>(
  { signer, now }: RelayOptions,
  method: ClientMethod<Request, Response>,
  done: (response: Response, by: string) => void = () => {},
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    const by = nameOf(call);
    const work = async () => {
      const response = await signer.unary(method, call.request, {
        deadlineMs: timeLeftMs(call, now()),
        trace: traceOf(call),
      });
      done(response, by);
      return response;
    };
    answerBy(callback, work());
  };
}

/** Who calls, for events. */
export const nameOf = (call: object): string => callerOf(call)?.name ?? "nobody";
