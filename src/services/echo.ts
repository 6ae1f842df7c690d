// echo.EchoService: the latency probe. It does nothing but answer.
import type { handleUnaryCall } from "@grpc/grpc-js";
import type { EchoRequest, EchoResponseInit } from "../proto/mod.ts";

/** @param now milliseconds since the Unix epoch */
export function echoService(now: () => number) {
  const Echo: handleUnaryCall<EchoRequest, EchoResponseInit> = (call, callback) => {
    const { payload, timestamp } = call.request;
    callback(null, { payload, request_timestamp: timestamp, response_timestamp: now() });
  };
  return { Echo };
}
