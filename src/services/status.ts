// gatehouse.v1.Status: how the appliance is, in one answer.
// Must never wait for a part that doesn't answer: the report says so of it instead.
import { type handleUnaryCall, status } from "@grpc/grpc-js";
import type { GetStatusRequest, GetStatusResponseInit } from "../proto/mod.ts";
import { refuse } from "./refusal.ts";

/** @param report how the appliance is now */
export function statusService(report: () => Promise<GetStatusResponseInit>) {
  const Get: handleUnaryCall<GetStatusRequest, GetStatusResponseInit> = (_call, callback) => {
    report().then(
      (answer) => callback(null, answer),
      (error: unknown) =>
        callback(
          refuse(status.INTERNAL, "INTERNAL", "the status can't be told; the agent's log says why", error),
        ),
    );
  };
  return { Get };
}
