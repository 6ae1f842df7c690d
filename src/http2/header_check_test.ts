import { describe, expect, it } from "vitest";
import { checkHeaders } from "./header_check.ts";
import { REQUEST } from "./testkit.ts";

const BASE = [":method", "POST", ":scheme", "http", ":path", "/a"];
const request = (...headers: string[]) => checkHeaders(headers, "request").error;
const response = (...headers: string[]) => checkHeaders(headers, "response").error;

describe("a request", () => {
  it("of gRPC is well-formed", () => {
    expect(checkHeaders(REQUEST, "request")).toEqual({
      section: "request",
      error: "",
      contentLength: -1,
      status: 0,
    });
  });

  it("may name a Unix socket as its authority, percent-encoded, as C-core does", () => {
    expect(request(...BASE, ":authority", "%2Frun%2Fgatehouse.sock")).toBe("");
  });

  it("is judged alike beside a list that passed before, wherever it differs from it", () => {
    const passed = [...BASE, "a", "1", "b", "2"];
    const error = (...headers: string[]) => checkHeaders(headers, "request", passed).error;
    expect(error(...passed)).toBe("");
    for (
      const headers of [
        [...BASE, "a", "1", "b", "2\n"],
        [...BASE, "a", "1", "B", "2"],
        [...BASE, "A", "1"],
        [...BASE, "b", "2 ", "a", "1"],
        [...passed, "c", "\0"],
        [...passed, ":path", "/a"],
        [...BASE, ":path", "/a"],
      ]
    ) {
      expect(error(...headers)).toBe(request(...headers));
      expect(error(...headers)).not.toBe("");
    }
  });

  it.each([
    ["no :method", [":scheme", "http", ":path", "/"]],
    ["no :scheme", [":method", "GET", ":path", "/"]],
    ["no :path", [":method", "GET", ":scheme", "http"]],
    ["an empty :path", [":method", "GET", ":scheme", "http", ":path", ""]],
    [":path twice", [...BASE, ":path", "/b"]],
    [":status", [...BASE, ":status", "200"]],
    ["an unknown pseudo-header", [...BASE, ":protocol", "websocket"]],
    ["a pseudo-header after a field", [":method", "GET", "a", "b", ":scheme", "http", ":path", "/"]],
    ["an upper-case name", [...BASE, "X-a", "1"]],
    ["an empty name", [...BASE, "", "1"]],
    ["a space in a name", [...BASE, "x a", "1"]],
    ["a colon in a name", [...BASE, "x:a", "1"]],
    ["a line feed in a value", [...BASE, "x", "a\nb"]],
    ["a NUL in a pseudo-header", [":method", "GET", ":scheme", "http", ":path", "/\0"]],
    ["outer white space", [...BASE, "x", " a"]],
    ["connection", [...BASE, "connection", "close"]],
    ["keep-alive", [...BASE, "keep-alive", "1"]],
    ["proxy-connection", [...BASE, "proxy-connection", "1"]],
    ["transfer-encoding", [...BASE, "transfer-encoding", "chunked"]],
    ["upgrade", [...BASE, "upgrade", "h2c"]],
    ["te other than trailers", [...BASE, "te", "gzip"]],
    ["two content-lengths", [...BASE, "content-length", "1", "content-length", "2"]],
    ["a content-length with a sign", [...BASE, "content-length", "+1"]],
    ["a host that is not its authority", [...BASE, ":authority", "a", "host", "b"]],
    ["CONNECT with a path", [":method", "CONNECT", ":authority", "a", ":path", "/"]],
  ])("with %s is malformed", (_what, headers) => {
    expect(request(...headers)).not.toBe("");
  });

  it("may be CONNECT, may have the same content-length twice, te: trailers, and a host that is its authority", () => {
    expect(request(":method", "CONNECT", ":authority", "a:1")).toBe("");
    expect(request(...BASE, "content-length", "1", "content-length", "1", "te", "trailers")).toBe("");
    expect(request(...BASE, ":authority", "A", "host", "a")).not.toBe("pseudo-header after a regular field");
    expect(request(":authority", "A", ...BASE, "host", "a")).toBe("");
  });
});

describe("a response", () => {
  it("has one :status of three digits and no other pseudo-header", () => {
    expect(checkHeaders([":status", "200", "content-length", "5"], "response")).toMatchObject({
      error: "",
      status: 200,
      contentLength: 5,
    });
    expect(response()).not.toBe("");
    expect(response(":status", "20")).not.toBe("");
    expect(response(":status", "2xx")).not.toBe("");
    expect(response(":status", "099")).not.toBe("");
    expect(response(":status", "800")).toBe("");
    expect(response(":status", "101")).not.toBe("");
    expect(response(":status", "200", ":path", "/")).not.toBe("");
  });
});

describe("trailers", () => {
  it("have no pseudo-header", () => {
    expect(checkHeaders(["grpc-status", "0"], "trailers").error).toBe("");
    expect(checkHeaders([":status", "200"], "trailers").error).not.toBe("");
  });
});
