// gatehouse.v1.Status: how the appliance is, in one answer, and what it counts and measures.
// Must never wait for a part that doesn't answer: what is known of it is told instead.
import { Buffer } from "node:buffer";
import type { handleUnaryCall } from "@grpc/grpc-js";
import {
  type GetMetricsRequest,
  GetMetricsRequestFormat,
  type GetMetricsResponseInit,
  type GetStatusRequest,
  type GetStatusResponseInit,
} from "../proto/mod.ts";
import { invalidArgument } from "./refusal.ts";
import type { MetricsText, TextFormat } from "../telemetry/registry.ts";

const FORMATS: ReadonlyMap<number, TextFormat> = new Map([
  [GetMetricsRequestFormat.PROMETHEUS, "prometheus"],
  [GetMetricsRequestFormat.OPENMETRICS, "openmetrics"],
]);

export interface StatusOptions {
  /** How the appliance is now. */
  readonly report: () => GetStatusResponseInit;
  /** One scrape. */
  readonly metrics: (format: TextFormat) => Promise<MetricsText>;
}

export function statusService({ report, metrics }: StatusOptions) {
  const Get: handleUnaryCall<GetStatusRequest, GetStatusResponseInit> = (_call, callback) => {
    callback(null, report());
  };
  const GetMetrics: handleUnaryCall<GetMetricsRequest, GetMetricsResponseInit> = async (call, callback) => {
    const format = FORMATS.get(call.request.format);
    if (format === undefined) {
      const description = `${call.request.format} is none; PROMETHEUS (0) and OPENMETRICS (1) are`;
      return callback(invalidArgument({ field: "format", description }));
    }
    const { contentType, text } = await metrics(format);
    callback(null, { content_type: contentType, text: Buffer.from(text) });
  };
  return { Get, GetMetrics };
}
