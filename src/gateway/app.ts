// What the gateway serves at which path, and what every answer goes through.
// Must never answer a request that browser_safety.ts refuses.
import { status } from "@grpc/grpc-js";
import { Hono } from "hono";
import type { Peer } from "../grpc/conn.ts";
import { GrpcError } from "../grpc/status.ts";
import { metricsRoute } from "../telemetry/metrics_route.ts";
import { browserRefusal, type BrowserRules, corsHeaders, preflight } from "./browser_safety.ts";
import type { GatewayCalls, GatewayEnv } from "./calls.ts";
import { grpcWebRoutes } from "./grpc_web/route.ts";
import { pageRoutes } from "./page/route.ts";
import { errorResponse } from "./rest/http_status.ts";
import { restRoutes } from "./rest/rest_routes.ts";

/** What a request comes with. */
export interface GatewayRequest {
  readonly calls: GatewayCalls;
  readonly peer: Peer;
  readonly rules: BrowserRules;
  /** Whether `/` has the page. */
  readonly page: boolean;
}

type Env = GatewayEnv & { Bindings: GatewayRequest };

/** Paths of the gateway's own, which are read only. */
const READ_ONLY = new Set(["/", "/metrics", "/openapi.json"]);

/** @param failed hears of what nobody expected, and its client isn't told */
export function gatewayApp(failed: (error: unknown) => void): Hono<Env> {
  const app = new Hono<Env>();
  app.use(async (context, next) => {
    const { calls, peer, rules } = context.env;
    const request = context.req.raw;
    const refusal = browserRefusal(request, rules, peer.tls !== undefined);
    if (refusal !== undefined) {
      const code = refusal.httpCode === 415 ? status.INVALID_ARGUMENT : status.PERMISSION_DENIED;
      return errorResponse(new GrpcError(code, refusal.message), refusal.httpCode);
    }
    const allowed = preflight(request, rules);
    if (allowed !== undefined) return allowed;
    context.set("calls", calls);
    context.set("peer", peer);
    await next();
    for (const [name, value] of corsHeaders(request, rules) ?? []) context.res.headers.append(name, value);
    return undefined;
  });
  app.route("/", grpcWebRoutes(failed));
  app.get("/", async (context, next) => context.env.page ? await next() : context.notFound());
  app.route("/", pageRoutes());
  app.route("/", metricsRoute());
  app.route("/", restRoutes());
  app.notFound(({ req: { method, path } }) => {
    if (READ_ONLY.has(path) && method !== "GET" && method !== "HEAD") {
      const message = "this path is read only; use GET";
      return errorResponse(new GrpcError(status.UNIMPLEMENTED, message), 405, { allow: "GET, HEAD" });
    }
    return errorResponse(
      new GrpcError(status.NOT_FOUND, "there is nothing at this path; /openapi.json lists what there is"),
    );
  });
  app.onError((error) => {
    if (!(error instanceof GrpcError)) failed(error);
    return errorResponse(error);
  });
  return app;
}
