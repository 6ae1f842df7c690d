// Servers of one process for main.ts, alike but for their tracing: each has a socket of its own.
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

const [dir, otlp] = Deno.args;
const tracing = (sample: number | undefined) => {
  const made = new Tracing({
    resources: resourcesOf("bench", "0"),
    dialTo: (address) => dialer(parseAddress(address)),
  });
  made.configure(sample === undefined ? { otlp: "", sample: 0 } : { otlp, sample });
  return made;
};
const sides = { without: undefined, off: tracing(undefined), "1%": tracing(0.01) };
for (const [name, tracer] of Object.entries(sides)) {
  const server = new Server({ tracer });
  server.addService(serviceDefinition("echo.EchoService"), echoService(Date.now));
  void server.serve(await listen(parseAddress(`unix://${dir}/${name}.sock`)));
}
print("ready");
