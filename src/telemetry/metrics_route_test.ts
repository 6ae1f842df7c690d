import { status } from "@grpc/grpc-js";
import { Hono } from "hono";
import { expect, it } from "vitest";
import type { GatewayCall, GatewayEnv } from "../gateway/calls.ts";
import { GrpcError } from "../grpc/status.ts";
import {
  type GetMetricsRequest,
  GetMetricsRequestFormat,
  type GetMetricsResponseInit,
  methodAt,
} from "../proto/mod.ts";
import { metricsRoute } from "./metrics_route.ts";

const METHOD = methodAt<GetMetricsRequest, GetMetricsResponseInit>("/gatehouse.v1.Status/GetMetrics");

function gateway(unary: (call: GatewayCall) => Promise<Uint8Array>) {
  return new Hono<GatewayEnv>()
    .use(async (context, next) => {
      const stream = () => {
        throw new Error("nothing streams here");
      };
      context.set("calls", { unary, stream });
      await next();
    })
    .route("/", metricsRoute())
    .onError((error, context) => context.text(error.message, error instanceof GrpcError ? 403 : 500));
}

it("answers with what Status.GetMetrics gives, in the format that was asked for", async () => {
  const asked: GatewayCall[] = [];
  const app = gateway((call) => {
    asked.push(call);
    const answer = { content_type: "text/x; charset=utf-8", text: new TextEncoder().encode("gatehouse 1\n") };
    return Promise.resolve(METHOD.responseSerialize(answer));
  });
  const headers = { accept: "application/openmetrics-text; version=1.0.0", "gatehouse-proof": "AAEC" };
  const answer = await app.request("/metrics?x=y", { headers });
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toBe("text/x; charset=utf-8");
  expect(await answer.text()).toBe("gatehouse 1\n");
  await app.request("/metrics");
  expect(asked.map(({ path }) => path)).toEqual([METHOD.path, METHOD.path]);
  const formats = asked.map(({ request }) => METHOD.requestDeserialize(request as never).format);
  expect(formats).toEqual([GetMetricsRequestFormat.OPENMETRICS, GetMetricsRequestFormat.PROMETHEUS]);
  expect(asked[0].proof?.target).toBe("GET /metrics?x=y");
  expect(asked[1].proof).toBeUndefined();
});

it("leaves the refusal of who may not read it to the gateway", async () => {
  const refused = gateway(() => Promise.reject(new GrpcError(status.PERMISSION_DENIED, "operators only")));
  const answer = await refused.request("/metrics");
  expect([answer.status, await answer.text()]).toEqual([403, "7 PERMISSION_DENIED: operators only"]);
});
