// connectrpc.conformance.v1 as TypeScript: the service loaded from proto/, the messages' shapes.
// Must never differ from the suite's published names: its programs are at the other end.
import { Buffer } from "node:buffer";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { ServiceDefinition } from "@grpc/grpc-js";
import { fromJSON } from "@grpc/proto-loader";
import protobuf from "protobufjs";
import type { ClientMethod } from "../../../src/grpc/client.ts";
import type { Encoding } from "../../../src/grpc/compression.ts";
import type { TlsCreds } from "./tls.ts";

const PACKAGE = "connectrpc.conformance.v1";
const TYPE_URL = "type.googleapis.com/";

export interface Any {
  type_url?: string;
  /** Absent: no bytes. */
  value?: Uint8Array;
}

/** A name and its values; those of a `-bin` name are base64. */
export interface Header {
  name?: string;
  value?: string[];
}

/** `code` has gRPC's numbers. */
export interface ErrorMessage {
  code?: number;
  message?: string;
  details?: Any[];
}

/** google.rpc.Status, the value of `grpc-status-details-bin`. */
export type RpcStatus = ErrorMessage;

export interface UnaryResponseDefinition {
  response_headers?: Header[];
  response_data?: Uint8Array;
  error?: ErrorMessage;
  response_trailers?: Header[];
  response_delay_ms?: number;
}

export interface StreamResponseDefinition {
  response_headers?: Header[];
  response_data?: Uint8Array[];
  response_delay_ms?: number;
  error?: ErrorMessage;
  response_trailers?: Header[];
}

/** UnaryRequest, IdempotentUnaryRequest, ClientStreamRequest. */
export interface UnaryRequest {
  response_definition?: UnaryResponseDefinition;
  request_data?: Uint8Array;
}

export interface ServerStreamRequest {
  response_definition?: StreamResponseDefinition;
  request_data?: Uint8Array;
}

export interface BidiStreamRequest extends ServerStreamRequest {
  full_duplex?: boolean;
}

export interface RequestInfo {
  request_headers?: Header[];
  timeout_ms?: number;
  requests?: Any[];
}

export interface Payload {
  data?: Uint8Array;
  request_info?: RequestInfo;
}

/** Every response but that of Unimplemented. */
export interface PayloadResponse {
  payload?: Payload;
}

export interface ServerCompatRequest {
  use_tls?: boolean;
  server_creds?: TlsCreds;
  message_receive_limit?: number;
}

export interface ServerCompatResponse {
  host: string;
  port: number;
  /** Of a server with TLS: the certificate to trust. */
  pem_cert?: Uint8Array;
}

export interface Cancel {
  before_close_send?: object;
  after_close_send_ms?: number;
  after_num_responses?: number;
}

export interface ClientCompatRequest {
  test_name: string;
  compression?: number;
  host: string;
  port: number;
  /** Present: the server speaks TLS with this certificate. */
  server_tls_cert?: Uint8Array;
  message_receive_limit?: number;
  method?: string;
  stream_type?: number;
  request_headers?: Header[];
  request_messages?: Any[];
  timeout_ms?: number;
  request_delay_ms?: number;
  cancel?: Cancel;
}

/** Numbers of the enum Compression. */
export const ENCODINGS: Readonly<Record<number, Encoding>> = { 1: "identity", 2: "gzip", 5: "deflate" };
export const STREAM_TYPE_FULL_DUPLEX_BIDI_STREAM = 5;

export interface ClientResponseResult {
  response_headers?: Header[];
  payloads: Payload[];
  error?: ErrorMessage;
  response_trailers?: Header[];
  num_unsent_requests?: number;
}

export interface ClientCompatResponse {
  test_name: string;
  response?: ClientResponseResult;
  error?: { message: string };
}

const PROTO_DIRS = ["../proto", "../../../proto"].map((path) => new URL(path + "/", import.meta.url));
/** Fields that were not sent stay absent: an absent definition, timeout or error means something here. */
const CONVERSION = { longs: Number };

const root = new protobuf.Root();
root.resolvePath = (_origin, name) => {
  const found = PROTO_DIRS.map((directory) => fileURLToPath(new URL(name, directory))).find(existsSync);
  // What is nowhere here is one of protobufjs's own (google/protobuf).
  return found ?? name;
};
root.loadSync(
  [
    "connectrpc/conformance/v1/client_compat.proto",
    "connectrpc/conformance/v1/server_compat.proto",
    "google/rpc/status.proto",
  ],
  { keepCase: true },
);

/** Bytes and back, for one kind of message. */
export interface MessageType<T> {
  readonly name: string;
  encode(value: T): Buffer;
  decode(bytes: Uint8Array): T;
}

function messageType<T extends object>(name: string): MessageType<T> {
  const type = root.lookupType(name);
  return {
    name,
    encode: (value) => Buffer.from(type.encode(type.fromObject(value)).finish()),
    decode: (bytes) => type.toObject(type.decode(bytes), CONVERSION) as T,
  };
}

const own = <T extends object>(name: string) => messageType<T>(`${PACKAGE}.${name}`);

export const types = {
  ServerCompatRequest: own<ServerCompatRequest>("ServerCompatRequest"),
  ServerCompatResponse: own<ServerCompatResponse>("ServerCompatResponse"),
  ClientCompatRequest: own<ClientCompatRequest>("ClientCompatRequest"),
  ClientCompatResponse: own<ClientCompatResponse>("ClientCompatResponse"),
  UnaryRequest: own<UnaryRequest>("UnaryRequest"),
  IdempotentUnaryRequest: own<UnaryRequest>("IdempotentUnaryRequest"),
  ClientStreamRequest: own<UnaryRequest>("ClientStreamRequest"),
  ServerStreamRequest: own<ServerStreamRequest>("ServerStreamRequest"),
  BidiStreamRequest: own<BidiStreamRequest>("BidiStreamRequest"),
  UnimplementedRequest: own<object>("UnimplementedRequest"),
  RequestInfo: own<RequestInfo>("ConformancePayload.RequestInfo"),
  RpcStatus: messageType<RpcStatus>("google.rpc.Status"),
};

export const packAny = <T>(type: MessageType<T>, value: T): Any => ({
  type_url: TYPE_URL + type.name,
  value: type.encode(value),
});

/** @throws TypeError when `any` holds another kind of message */
export function unpackAny<T>(type: MessageType<T>, { type_url = "", value }: Any): T {
  const name = type_url.slice(type_url.lastIndexOf("/") + 1);
  if (name !== type.name) throw new TypeError(`expected a ${type.name}, got a ${name}`);
  return type.decode(value ?? new Uint8Array(0));
}

export const conformanceService = fromJSON(root.toJSON(), {
  keepCase: true,
  ...CONVERSION,
})[`${PACKAGE}.ConformanceService`] as ServiceDefinition;

/** proto-loader types every message as `object`; here each method gets its own. */
const method = <Request, Response>(name: string) =>
  conformanceService[name] as unknown as ClientMethod<Request, Response>;

export const methods = {
  Unary: method<UnaryRequest, PayloadResponse>("Unary"),
  IdempotentUnary: method<UnaryRequest, PayloadResponse>("IdempotentUnary"),
  Unimplemented: method<object, object>("Unimplemented"),
  ServerStream: method<ServerStreamRequest, PayloadResponse>("ServerStream"),
  ClientStream: method<UnaryRequest, PayloadResponse>("ClientStream"),
  BidiStream: method<BidiStreamRequest, PayloadResponse>("BidiStream"),
};
