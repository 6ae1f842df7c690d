// REST over a server in memory, without HTTP's own connection, for tests.
// Must never answer a call itself: the server does, as to any peer.
import { Hono } from "hono";
import { Channel } from "../../grpc/channel.ts";
import { serverStream, unary } from "../../grpc/client.ts";
import type { Peer } from "../../grpc/conn.ts";
import { connPair } from "../../grpc/conn_pair.ts";
import type { Server } from "../../grpc/server.ts";
import type { GatewayCall, GatewayCalls, GatewayEnv } from "../calls.ts";
import { restRoutes } from "./rest_routes.ts";

export interface Rest {
  fetch(target: string, init?: RequestInit): Promise<Response>;
  /** POST of a value as JSON. */
  post(target: string, value: unknown): Promise<Response>;
  close(): void;
}

const raw = (bytes: Uint8Array) => bytes;
const bytesOf = (path: string) => ({ path, requestSerialize: raw, responseDeserialize: raw });

export const callsOver = (channel: Channel): GatewayCalls => ({
  unary: (call: GatewayCall) => unary(channel, bytesOf(call.path), call.request, call),
  stream: (call: GatewayCall) => serverStream(channel, bytesOf(call.path), call.request, call),
});

export function restOver(calls: GatewayCalls, routes = restRoutes()): Pick<Rest, "fetch" | "post"> {
  const app = new Hono<GatewayEnv>();
  app.use(async (context, next) => {
    context.set("calls", calls);
    await next();
  });
  app.route("/", routes);
  const fetch = async (target: string, init?: RequestInit) => await app.request(target, init);
  const headers = { "content-type": "application/json" };
  return {
    fetch,
    post: (target, value) => fetch(target, { method: "POST", headers, body: JSON.stringify(value) }),
  };
}

export function restTo(server: Server, peer: Peer): Rest {
  const channel = new Channel([{
    address: "unix:///memory",
    dial() {
      const [near, far] = connPair();
      void server.handle({ ...far, peer });
      return Promise.resolve(near);
    },
  }]);
  return { ...restOver(callsOver(channel)), close: () => channel.close() };
}
