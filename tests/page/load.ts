// A steady load on a server: so many echoes a second, and one call that fails.
import { Channel } from "../../src/grpc/channel.ts";
import { GrpcError, unary } from "../../src/grpc/client.ts";
import { type EchoRequestInit, type EchoResponse, methodAt } from "../../src/proto/mod.ts";
import { parseAddress } from "../../src/transport/address.ts";
import { dialer } from "../../src/transport/dial.ts";

const Echo = methodAt<EchoRequestInit, EchoResponse>("/echo.EchoService/Echo");
const ConfigGet = methodAt<Record<string, never>, unknown>("/gatehouse.v1.Config/Get");
const TICK_MS = 50;

/** @returns ends it */
export function startLoad(address: string, callsPerSecond: number): () => Promise<void> {
  const channel = new Channel([{ address, dial: dialer(parseAddress(address)) }]);
  const running = new Set<Promise<unknown>>();
  const keep = (call: Promise<unknown>) => {
    const kept = call.catch((error: unknown) => {
      if (!(error instanceof GrpcError)) throw error;
    }).finally(() => running.delete(kept));
    running.add(kept);
  };
  const began = performance.now();
  let made = 0;
  let seconds = 0;
  const timer = setInterval(() => {
    const elapsed = (performance.now() - began) / 1000;
    for (; made < elapsed * callsPerSecond; made++) keep(unary(channel, Echo, { payload: "x" }));
    // Nobody without a key reads the configuration.
    for (; seconds < elapsed; seconds++) keep(unary(channel, ConfigGet, {}));
  }, TICK_MS);
  return async () => {
    clearInterval(timer);
    await Promise.all(running);
    channel.close();
  };
}
