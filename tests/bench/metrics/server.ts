// Our engine with Echo on a Unix socket, its calls counted or not. Both make the records of calls that an agent's log
// takes. `server.ts SOCKET counted|plain`
import { Server } from "../../../src/grpc/server.ts";
import { serviceDefinition } from "../../../src/proto/mod.ts";
import { echoService } from "../../../src/services/echo.ts";
import { CallMetrics } from "../../../src/telemetry/call_metrics.ts";
import { EventLoopLag } from "../../../src/telemetry/event_loop.ts";
import { listen } from "../../../src/transport/listen.ts";

const [path, side] = Deno.args;
const counted = side === "counted";
if (counted) new EventLoopLag();
const server = new Server({ onCall: () => {}, observer: counted ? new CallMetrics() : undefined });
server.addService(serviceDefinition("echo.EchoService"), echoService(Date.now));
void server.serve(await listen({ transport: "unix", path }));
// deno-lint-ignore no-console -- what it says is who waits for it
console.log("ready");
