// A server for main.ts: without a tracer, with one that is off, or with 1% of its calls traced.
// Must never differ in anything else, or the comparison is none.
import { Server } from "../../../src/grpc/server.ts";
import { serviceDefinition } from "../../../src/proto/mod.ts";
import { echoService } from "../../../src/services/echo.ts";
import { resourcesOf } from "../../../src/telemetry/otlp/resources.ts";
import { Tracing } from "../../../src/telemetry/traces/tracing.ts";
import { parseAddress } from "../../../src/transport/address.ts";
import { dialer } from "../../../src/transport/dial.ts";
import { print } from "../../../src/cli/output.ts";
import { listen } from "../../../src/transport/listen.ts";

const [path, side, otlp] = Deno.args;
const tracing = new Tracing({
  resources: resourcesOf("bench", "0"),
  dialTo: (address) => dialer(parseAddress(address)),
});
if (side === "1%") tracing.configure({ otlp, sample: 0.01 });
const server = new Server(side === "without" ? {} : { tracer: tracing });
server.addService(serviceDefinition("echo.EchoService"), echoService(Date.now));
void server.serve(await listen(parseAddress(`unix://${path}`)));
print("ready");
