// Errors as HTTP tells them.
import { Metadata, status } from "@grpc/grpc-js";
import { Buffer } from "node:buffer";
import { expect, test } from "vitest";
import { GrpcError } from "../../grpc/status.ts";
import { messageType, type RpcStatus, type RpcStatusInit } from "../../proto/mod.ts";
import { errorResponse, HTTP_CODES, statusJson } from "./http_status.ts";

test("every status has the code of google/rpc/code.proto", () => {
  const codes = Object.values(status).filter((code) => typeof code === "number");
  for (const code of codes) {
    expect(errorResponse(new GrpcError(code, "x")).status).toBe(code === status.OK ? 200 : HTTP_CODES[code]);
  }
  expect(errorResponse(new GrpcError(99 as status, "x")).status).toBe(500);
});

test("an error that isn't a status tells nothing of itself", () => {
  expect(statusJson(new Error("the key is 42"))).toEqual({
    code: status.UNKNOWN,
    message: "Unknown error",
    details: [],
  });
});

test("UNAUTHENTICATED names its scheme", () => {
  const response = errorResponse(new GrpcError(status.UNAUTHENTICATED, "prove it"));
  expect(response.headers.get("www-authenticate")).toBe("Gatehouse-Proof");
});

test("details of unknown types stay as bytes, and broken ones are left out", () => {
  const Status = messageType<RpcStatusInit, RpcStatus>("google.rpc.Status");
  const value = Buffer.from("x");
  const metadata = new Metadata();
  const details = [{ type_url: "type.googleapis.com/other.Type", value }];
  metadata.set("grpc-status-details-bin", Buffer.from(Status.serialize({ code: 3, details })));
  expect(statusJson(new GrpcError(3, "x", metadata)).details).toEqual([
    { "@type": "type.googleapis.com/other.Type", value: "eA==" },
  ]);
  metadata.set("grpc-status-details-bin", Buffer.from([0xff]));
  expect(statusJson(new GrpcError(3, "x", metadata)).details).toEqual([]);
});
