// The server under test of connectconformance: one ServerCompatRequest on standard input, its address on
// standard output, then ConformanceService over our engine until SIGTERM (not until the end of input).
import { Server } from "../../../src/grpc/server.ts";
import { listen, parseAddress } from "../../../src/transport/mod.ts";
import { conformanceService, types } from "./messages.ts";
import { readDelimited, writeDelimited } from "./pipe.ts";
import { conformanceServiceImplementation } from "./service.ts";
import { listenTls } from "./tls.ts";

Deno.addSignalListener("SIGTERM", () => Deno.exit(0));

const { value: bytes } = await readDelimited().next();
if (bytes === undefined) throw new Error("standard input has no ServerCompatRequest");
const { use_tls, server_creds = {}, message_receive_limit } = types.ServerCompatRequest.decode(bytes);

const server = new Server({ maxReceiveMessageBytes: message_receive_limit || undefined });
server.addService(conformanceService, conformanceServiceImplementation);
const listener = use_tls ? listenTls(server_creds) : await listen(parseAddress("tcp://127.0.0.1:0"));
const serving = server.serve(listener);

const { hostname, port } = new URL(listener.address);
const pem_cert = use_tls ? server_creds.cert : undefined;
await writeDelimited(types.ServerCompatResponse.encode({ host: hostname, port: Number(port), pem_cert }));
await serving;
