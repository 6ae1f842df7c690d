// Our own engine in a program of the anchors' shape: the server, the product's Echo, the bench's streams.
// Usage: deno run -A engine.ts UNIX_SOCKET REPOSITORY. Prints {"tcp": "host:port"} once it listens.
import { Server } from "../../../src/grpc/server.ts";
import { serviceDefinition } from "../../../src/proto/mod.ts";
import { echoService } from "../../../src/services/echo.ts";
import { listen, parseAddress } from "../../../src/transport/mod.ts";
import { MAX_MESSAGE_BYTES, streamsDefinition, streamsService } from "./services.ts";

const [socket, root] = Deno.args;
if (socket === undefined || root === undefined) throw new Error("usage: engine.ts UNIX_SOCKET REPOSITORY");

const server = new Server({ maxReceiveMessageBytes: MAX_MESSAGE_BYTES });
server.addService(serviceDefinition("echo.EchoService"), echoService(Date.now));
server.addService(streamsDefinition(root), streamsService);
const tcp = await listen(parseAddress("tcp://127.0.0.1:0"));
const unix = await listen(parseAddress(`unix://${socket}`));
Deno.stdout.writeSync(new TextEncoder().encode(`{"tcp":"${new URL(tcp.address).host}"}\n`));
await Promise.all([server.serve(tcp), server.serve(unix)]);
