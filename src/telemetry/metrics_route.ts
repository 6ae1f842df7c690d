// /metrics of the gateway: one call of Status.GetMetrics as whoever asks, so that whoever may not read the status may
// not read this. Must never reach the registry by another way than that call.
import { Hono } from "hono";
import type { GatewayEnv } from "../gateway/calls.ts";
import { httpProof } from "../gateway/http_proof.ts";
import {
  GetMetricsRequestFormat,
  type GetMetricsRequestInit,
  type GetMetricsResponse,
  methodAt,
} from "../proto/mod.ts";
import { formatFor } from "./negotiate.ts";

const GET_METRICS = methodAt<GetMetricsRequestInit, GetMetricsResponse>("/gatehouse.v1.Status/GetMetrics");
const NO_BODY = new Uint8Array();
const { OPENMETRICS, PROMETHEUS } = GetMetricsRequestFormat;

/** Its errors are GrpcErrors, which the gateway answers as those of any route. */
export function metricsRoute(): Hono<GatewayEnv> {
  return new Hono<GatewayEnv>().get("/metrics", async (context) => {
    const format = formatFor(context.req.header("accept")) === "openmetrics" ? OPENMETRICS : PROMETHEUS;
    const answer = await context.var.calls.unary({
      path: GET_METRICS.path,
      request: GET_METRICS.requestSerialize({ format }),
      signal: context.req.raw.signal,
      proof: await httpProof(context.req.raw, NO_BODY),
    });
    const { content_type, text } = GET_METRICS.responseDeserialize(answer as never);
    return context.body(Uint8Array.from(text), 200, {
      "content-type": content_type,
      "cache-control": "no-store",
      vary: "Accept",
    });
  });
}
