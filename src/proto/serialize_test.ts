import { loadSync } from "@grpc/proto-loader";
import protobuf from "protobufjs";
import { expect, it } from "vitest";
import { REPO_ROOT } from "../cli/root.ts";
import { serializer } from "./serialize.ts";

const ECHO = `${REPO_ROOT}/proto/echo.proto`;
const serialize = serializer(protobuf.loadSync(ECHO).lookupType("echo.EchoRequest"));
const reference = loadSync(ECHO)["echo.EchoService"] as Record<
  string,
  { requestSerialize(value: object): Uint8Array }
>;
const bytesOf = (payload: string) => Uint8Array.from(reference.Echo.requestSerialize({ payload }));

it("gives proto-loader's bytes, of any size and one after the other", () => {
  const payloads = ["a", "é".repeat(300), "x".repeat(100_000), "b"];
  const kept = payloads.map((payload) => serialize({ payload }));
  expect(kept.map((bytes) => Uint8Array.from(bytes))).toEqual(payloads.map(bytesOf));
});

it("gives the same in shared memory, until the next message", () => {
  const first = serialize.shared({ payload: "first" });
  expect(Uint8Array.from(first)).toEqual(bytesOf("first"));
  serialize.shared({ payload: "other" });
  expect(Uint8Array.from(first)).toEqual(bytesOf("other"));
});

it("goes on after a value that is no such message", () => {
  const broken = {
    payload: {
      toString: () => {
        throw new Error("no text");
      },
    },
  };
  expect(() => serialize(broken)).toThrow("no text");
  expect(Uint8Array.from(serialize({ payload: "next" }))).toEqual(bytesOf("next"));
});
