// REST: a request line finds its method, its JSON becomes a message, the call is made as its connection's peer, and the
// answer goes back as JSON or as server-sent events. Must never decide who may call: the agent's own server does.
import { status } from "@grpc/grpc-js";
import { type Context, Hono } from "hono";
import { GrpcError } from "../../grpc/status.ts";
import type { GatewayCall, GatewayEnv } from "../calls.ts";
import { httpProof } from "../http_proof.ts";
import { EVENT_STREAM_HEADERS, eventStream, numberingOf, resume } from "./event_stream.ts";
import { errorResponse } from "./http_status.ts";
import { openApi } from "./openapi.ts";
import { deadlineOf, metadataOf } from "./request_headers.ts";
import { type Route, ROUTES, type Routes } from "./routes.ts";
import { answerJson, encode, requestMessage } from "./transcode.ts";

const JSON_TYPE = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;

type Handled = Context<GatewayEnv>;

/** Every method by HTTP and JSON, and /openapi.json; a path that is none of theirs goes on to the next handler. */
export function restRoutes(routes: Routes = ROUTES): Hono<GatewayEnv> {
  const app = new Hono<GatewayEnv>();
  let description: string | undefined;
  app.get("/openapi.json", () => {
    description ??= JSON.stringify(openApi(routes));
    return new Response(description, { headers: { "content-type": "application/json" } });
  });
  app.all("*", async (context, next) => {
    const { method: verb, headers, url } = context.req.raw;
    // gRPC-Web has the same paths.
    if (headers.get("content-type")?.startsWith("application/grpc")) return await next();
    const found = routes.find(verb === "HEAD" ? "GET" : verb, new URL(url).pathname);
    if (found === undefined) return await next();
    if ("allowed" in found || (verb === "HEAD" && found.route.method.streams)) {
      const allowed = "allowed" in found ? found.allowed : [found.route.verb];
      return notAllowed(verb, allowed);
    }
    try {
      return await answer(context, found.route, found.values);
    } catch (error) {
      // What nobody expected is for whoever serves this app: to answer, and to tell somebody.
      if (!(error instanceof GrpcError)) throw error;
      return errorResponse(error);
    }
  });
  return app;
}

function notAllowed(verb: string, allowed: readonly string[]): Response {
  const message = `${verb.slice(0, 16)} is not for this path; use ${allowed.join(" or ")}`;
  return errorResponse(new GrpcError(status.UNIMPLEMENTED, message), 405, { allow: allowed.join(", ") });
}

async function answer(
  context: Handled,
  route: Route,
  values: ReadonlyMap<string, string>,
): Promise<Response> {
  const request = context.req.raw;
  const { method, inBody } = route;
  if (inBody && !JSON_TYPE.test(request.headers.get("content-type") ?? "")) {
    const message = "send the request's fields as JSON, with Content-Type: application/json";
    return errorResponse(new GrpcError(status.INVALID_ARGUMENT, message), 415);
  }
  const deadlineMs = deadlineOf(request.headers, method.streams);
  const body = new Uint8Array(await request.arrayBuffer());
  const proof = await httpProof(request, body);
  const query = new URL(request.url).searchParams;
  const message = requestMessage(route, { values, query, body });
  const numbering = method.streams ? numberingOf(method.request, method.response) : undefined;
  if (numbering !== undefined) resume(message, numbering, request.headers.get("last-event-id"));
  const call = {
    path: method.path,
    request: encode(method.request, message),
    metadata: metadataOf(request.headers),
    deadlineMs,
    proof,
    signal: request.signal,
  };
  if (method.streams) return await streamed(context, route, call);
  const bytes = await context.var.calls.unary(call);
  const headers = { "content-type": "application/json", "cache-control": "no-store" };
  return new Response(answerJson(method.response, bytes), { headers });
}

/** What is refused before the first answer has an HTTP code of its own. */
async function streamed(context: Handled, { method }: Route, call: GatewayCall): Promise<Response> {
  const stopping = new AbortController();
  const opened = Promise.withResolvers<void>();
  const signal = AbortSignal.any([call.signal, stopping.signal]);
  const bytes = context.var.calls.stream({ ...call, signal, onMetadata: () => opened.resolve() });
  const answers = asJson(bytes, (one) => answerJson(method.response, one));
  const first = answers.next();
  await Promise.race([first, opened.promise]);
  // Its failure is told when the stream is read; a client that goes before never reads it.
  first.catch(() => {});
  const numbering = numberingOf(method.request, method.response);
  const body = eventStream(answers, first, numbering, () => stopping.abort());
  return new Response(body, { headers: EVENT_STREAM_HEADERS });
}

async function* asJson(answers: AsyncIterable<Uint8Array>, json: (bytes: Uint8Array) => string) {
  for await (const one of answers) yield json(one);
}
