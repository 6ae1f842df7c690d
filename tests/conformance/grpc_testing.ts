// grpc.testing as TypeScript: the services loaded from proto/, the messages' shapes, the cases' constants.
// Must never differ from gRPC's published names and numbers: the programs at the other end were built with them.
import { Buffer } from "node:buffer";
import { fileURLToPath } from "node:url";
import type { ServiceDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import type { ClientMethod } from "../../src/grpc/client.ts";

export type Empty = Record<string, never>;

export interface Payload {
  type?: string;
  body: Uint8Array;
}

export interface EchoStatus {
  code: number;
  message: string;
}

export interface SimpleRequest {
  response_size?: number;
  payload?: Payload | null;
  response_status?: EchoStatus | null;
}

export interface SimpleResponse {
  payload?: Payload | null;
}

export interface InputRequest {
  payload?: Payload | null;
}

export interface InputResponse {
  aggregated_payload_size: number;
}

export interface OutputRequest {
  response_parameters?: { size: number }[];
  payload?: Payload | null;
  response_status?: EchoStatus | null;
}

export interface OutputResponse {
  payload?: Payload | null;
}

const packageDefinition = loadSync("test.proto", {
  includeDirs: [fileURLToPath(new URL("./proto", import.meta.url))],
  keepCase: true,
  enums: String,
  defaults: true,
});

const service = (name: string) => packageDefinition[`grpc.testing.${name}`] as ServiceDefinition;

export const testService = service("TestService");

/** proto-loader types every message as `object`; here each method gets its own. */
const method = <Request, Response>(definition: ServiceDefinition, name: string) =>
  definition[name] as unknown as ClientMethod<Request, Response>;

export const methods = {
  emptyCall: method<Empty, Empty>(testService, "EmptyCall"),
  unaryCall: method<SimpleRequest, SimpleResponse>(testService, "UnaryCall"),
  streamingOutputCall: method<OutputRequest, OutputResponse>(testService, "StreamingOutputCall"),
  streamingInputCall: method<InputRequest, InputResponse>(testService, "StreamingInputCall"),
  fullDuplexCall: method<OutputRequest, OutputResponse>(testService, "FullDuplexCall"),
  unimplementedCall: method<Empty, Empty>(testService, "UnimplementedCall"),
  unimplementedService: method<Empty, Empty>(service("UnimplementedService"), "UnimplementedCall"),
};

export const INITIAL_KEY = "x-grpc-test-echo-initial";
export const TRAILING_KEY = "x-grpc-test-echo-trailing-bin";

/** Zeros, as the cases have them. */
export const payload = (lenBytes: number): Payload => ({ body: Buffer.alloc(lenBytes) });
