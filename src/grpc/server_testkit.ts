// A server with one service of every kind of method and a wire client on it, for tests.
// Must never hide what came: records and connections are those of the test's servers.
import { Buffer } from "node:buffer";
import type {
  sendUnaryData,
  ServerUnaryCall,
  ServiceDefinition,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";
import type { Peer } from "./conn.ts";
import { connPair } from "./conn_pair.ts";
import { frameMessage } from "./message.ts";
import { type CallRecord, type ConnectionRecord, Server, type ServerOptions } from "./server.ts";
import { WireClient } from "./wire_client.ts";

const method = (name: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/test.Service/${name}`,
  requestStream,
  responseStream,
  requestSerialize: (bytes: Buffer) => bytes,
  requestDeserialize: (bytes: Buffer) => {
    if (bytes.toString() === "unreadable") throw new Error("no such message");
    return bytes;
  },
  responseSerialize: (bytes: Buffer) => bytes,
  responseDeserialize: (bytes: Buffer) => bytes,
});

export const definition: ServiceDefinition = {
  unary: method("Unary", false, false),
  clientStream: method("ClientStream", true, false),
  serverStream: method("ServerStream", false, true),
  bidi: method("Bidi", true, true),
};

export type Unary = ServerUnaryCall<Buffer, Buffer>;
export type Callback = sendUnaryData<Buffer>;
export const echo = (call: Unary, callback: Callback) => callback(null, call.request);

export const records: CallRecord[] = [];
export const connections: ConnectionRecord[] = [];
export const open: { server: Server; client: WireClient }[] = [];

export function start(implementation: UntypedServiceImplementation, options: ServerOptions = {}) {
  const server = new Server({
    onCall: (record) => records.push(record),
    onConnection: (record) => connections.push(record),
    ...options,
  });
  server.addService(definition, implementation);
  const client = connectTo(server);
  open.push({ server, client });
  return { server, client };
}

export function connectTo(server: Server, pieceBytes?: number, peer?: Peer): WireClient {
  const [near, far] = connPair({ pieceBytes });
  void server.handle(peer === undefined ? far : { ...far, peer });
  return new WireClient(near);
}

/** After each test. */
export async function closeAll(): Promise<void> {
  for (const { server, client } of open.splice(0)) {
    client.close();
    await server.shutdown(0);
  }
  records.length = 0;
  connections.length = 0;
}

export const hello = frameMessage(Buffer.from("hello"));
export const pause = (ms = 20) => new Promise((resolve) => setTimeout(resolve, ms));
