// The suite's headers and errors <-> metadata and statuses of gRPC.
import { Buffer } from "node:buffer";
import { Metadata } from "@grpc/grpc-js";
import { GrpcError } from "../../../src/grpc/client.ts";
import { type Any, type ErrorMessage, type Header, types } from "./messages.ts";

const STATUS_DETAILS = "grpc-status-details-bin";

export function toMetadata(headers: Header[] = []): Metadata {
  const metadata = new Metadata();
  for (const { name = "", value = [] } of headers) {
    for (const one of value) metadata.add(name, name.endsWith("-bin") ? Buffer.from(one, "base64") : one);
  }
  return metadata;
}

export function toHeaders(metadata: Metadata): Header[] {
  return Object.keys(metadata.toJSON()).map((name) => ({
    name,
    value: metadata.get(name).map((one) => typeof one === "string" ? one : one.toString("base64")),
  }));
}

/** @param extra one more detail: what the server saw of the request */
export function toGrpcError(error: ErrorMessage, trailers = new Metadata(), extra?: Any): GrpcError {
  const { code = 0, message = "", details = [] } = error;
  const all = extra === undefined ? details : [...details, extra];
  if (all.length > 0) trailers.set(STATUS_DETAILS, types.RpcStatus.encode({ code, message, details: all }));
  return new GrpcError(code, message, trailers);
}

export function fromGrpcError({ code, details: message, metadata }: GrpcError): ErrorMessage {
  const [bytes] = metadata.get(STATUS_DETAILS);
  const details = Buffer.isBuffer(bytes) ? types.RpcStatus.decode(bytes).details : undefined;
  return { code, message, details };
}
