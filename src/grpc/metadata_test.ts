import { Buffer } from "node:buffer";
import { Metadata } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { appendMetadata, metadataFrom } from "./metadata.ts";

describe("metadata on the wire", () => {
  it("writes binary values as base64 without padding, each on its own", () => {
    const metadata = new Metadata();
    metadata.add("k-bin", Buffer.from([1]));
    metadata.add("k-bin", Buffer.from([1, 2, 3]));
    metadata.add("plain", "v");
    const headers: string[] = [];
    appendMetadata(headers, metadata);
    expect(headers).toEqual(["k-bin", "AQ", "k-bin", "AQID", "plain", "v"]);
  });

  it("reads binary values padded or not, alone or joined by commas", () => {
    const metadata = metadataFrom(["k-bin", "AQ==,AQID", "k-bin", "AQI"]);
    expect(metadata.get("k-bin")).toEqual([Buffer.from([1]), Buffer.from([1, 2, 3]), Buffer.from([1, 2])]);
  });

  it("never lets metadata say what the protocol says", () => {
    const metadata = new Metadata();
    for (const name of ["grpc-status", "grpc-message", "content-type", "te", "connection", "grpc-timeout"]) {
      metadata.set(name, "0");
    }
    metadata.set("grpc-status-details-bin", Buffer.from([8, 5]));
    const headers: string[] = [];
    appendMetadata(headers, metadata);
    expect(headers).toEqual(["grpc-status-details-bin", "CAU"]);
  });

  it("hides the protocol's own headers from the reader", () => {
    const metadata = metadataFrom([":status", "200", "grpc-status", "0", "grpc-encoding", "gzip", "x", "1"]);
    expect(metadata.toJSON()).toEqual({ x: ["1"] });
  });

  it("leaves out a value that gRPC does not allow", () => {
    expect(metadataFrom(["a", "caf\u00e9", "b", "ok"]).toJSON()).toEqual({ b: ["ok"] });
  });
});
