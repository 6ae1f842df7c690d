// gRPC-Web: unary calls and server streams by HTTP/1.1, as browsers can make them.
// Must never decide who may call: the agent's own server does.
import { type Metadata, status } from "@grpc/grpc-js";
import { Hono } from "hono";
import { type CallStatus, GrpcError, OK_STATUS, statusFromThrown } from "../../grpc/status.ts";
import { parseTimeout } from "../../grpc/timeout.ts";
import type { GatewayCalls, GatewayEnv } from "../calls.ts";
import { messageFrame, messageIn, trailersFrame, type WebType, webTypeOf } from "./frames.ts";
import { addMetadata, metadataOf } from "./metadata.ts";

/**
 * Takes what says that it is gRPC-Web; everything else goes on to the next handler.
 * @param failed hears of what nobody expected, and its client isn't told
 */
export function grpcWebRoutes(failed: (error: unknown) => void): Hono<GatewayEnv> {
  return new Hono<GatewayEnv>().post("*", async (context, next) => {
    const request = context.req.raw;
    const type = webTypeOf(request.headers.get("content-type"));
    if (type === undefined) return await next();
    try {
      return await answer(context.var.calls, request, type);
    } catch (error) {
      if (!(error instanceof GrpcError)) failed(error);
      return ended(statusFromThrown(error), type);
    }
  });
}

async function answer(calls: GatewayCalls, request: Request, type: WebType): Promise<Response> {
  const timeout = request.headers.get("grpc-timeout");
  const deadlineMs = timeout === null ? undefined : parseTimeout(timeout);
  if (timeout !== null && deadlineMs === undefined) {
    throw new GrpcError(status.INTERNAL, "Invalid grpc-timeout value; send one like 500m");
  }
  const message = messageIn(new Uint8Array(await request.arrayBuffer()), type);
  const headers = new Headers({ "content-type": type.name });
  const opened = Promise.withResolvers<void>();
  const stopping = new AbortController();
  let ending: CallStatus = OK_STATUS;
  // A unary call is a stream of one answer.
  const answers = calls.stream({
    path: new URL(request.url).pathname,
    request: message,
    metadata: metadataOf(request.headers),
    deadlineMs,
    signal: AbortSignal.any([request.signal, stopping.signal]),
    onMetadata(metadata: Metadata) {
      addMetadata(headers, metadata);
      opened.resolve();
    },
    onTrailers: (metadata) => ending = { ...OK_STATUS, metadata },
  })[Symbol.asyncIterator]();
  let first: Promise<IteratorResult<Uint8Array>> | undefined = answers.next();
  await Promise.race([first.catch(() => {}), opened.promise]);
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = first ?? answers.next();
      first = undefined;
      try {
        const { done, value } = await next;
        if (done !== true) return controller.enqueue(messageFrame(value, type));
      } catch (error) {
        ending = statusFromThrown(error);
      }
      controller.enqueue(trailersFrame(ending, type));
      controller.close();
    },
    cancel: () => stopping.abort(),
  }, { highWaterMark: 0 });
  return new Response(body, { headers });
}

/** A call that never began: its status in the body, as every client reads it. */
function ended(ending: CallStatus, type: WebType): Response {
  return new Response(Uint8Array.from(trailersFrame(ending, type)), {
    headers: { "content-type": type.name },
  });
}
