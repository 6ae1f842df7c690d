// gatehouse.v1.Status: how the appliance is, in one answer.
// Must never wait for a part that doesn't answer: what is known of it is told instead.
import type { handleUnaryCall } from "@grpc/grpc-js";
import type { GetStatusRequest, GetStatusResponseInit } from "../proto/mod.ts";

/** @param report how the appliance is now */
export function statusService(report: () => GetStatusResponseInit) {
  const Get: handleUnaryCall<GetStatusRequest, GetStatusResponseInit> = (_call, callback) => {
    callback(null, report());
  };
  return { Get };
}
