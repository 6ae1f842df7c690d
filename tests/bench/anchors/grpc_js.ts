// The JavaScript anchor: grpc-js's own server, on Deno or (bundled) on Node.
// Usage: grpc_js.ts UNIX_SOCKET REPOSITORY. Prints {"tcp": "host:port"} once it listens.
import process from "node:process";
import { type sendUnaryData, Server, ServerCredentials, type ServerUnaryCall } from "@grpc/grpc-js";
import { benchPackage, MAX_MESSAGE_BYTES, serviceOf, streamsDefinition, streamsService } from "./services.ts";

const [socket, root] = process.argv.slice(2);
if (socket === undefined || root === undefined) throw new Error("usage: grpc_js.ts UNIX_SOCKET REPOSITORY");

interface EchoRequest {
  payload: string;
  timestamp: number;
}
interface EchoResponse {
  payload: string;
  request_timestamp: number;
  response_timestamp: number;
}

const definitions = benchPackage(root);
const server = new Server({ "grpc.max_receive_message_length": MAX_MESSAGE_BYTES });
server.addService(serviceOf(definitions, "echo.EchoService"), {
  Echo(call: ServerUnaryCall<EchoRequest, EchoResponse>, callback: sendUnaryData<EchoResponse>) {
    const { payload, timestamp } = call.request;
    callback(null, { payload, request_timestamp: timestamp, response_timestamp: Date.now() });
  },
});
server.addService(streamsDefinition(root), streamsService);

const listen = (address: string): Promise<number> =>
  new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
      if (error) reject(error);
      else resolve(port);
    });
  });
const port = await listen("127.0.0.1:0");
await listen(`unix:${socket}`);
process.stdout.write(`{"tcp":"127.0.0.1:${port}"}\n`);
