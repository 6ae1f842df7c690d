// Whose first request `gatehouse page` passes on.
import { describe, expect, test } from "vitest";
import { MemoryListener } from "../grpc/conn_pair.ts";
import { isNamedHere, namedHere } from "./page_names.ts";

const latin1 = (bytes: Uint8Array) => new TextDecoder("latin1").decode(bytes);

describe("a name", () => {
  test.each([
    ["Host: 127.0.0.1:8080", true],
    ["host:localhost", true],
    ["HOST: [::1]:8080 ", true],
    ["Host: page.localhost:1", true],
    ["Host: evil.example", false],
    ["Host: 127.0.0.1.evil.example:8080", false],
    ["Host: localhost@evil.example", false],
    ["Host: localhost.", false],
    ["Host: ", false],
    ["X-Host: localhost", false],
    ["Host: localhost\r\nHost: evil.example", false],
    ["Host: localhost\r\nHost : evil.example", false],
    ["Host: localhost\nHost: evil.example", false],
  ])("%j: %s", (line, known) => {
    expect(isNamedHere(`GET / HTTP/1.1\r\nAccept: */*\r\n${line}`)).toBe(known);
  });
});

/** What our end reads of a client that sends this, in pieces; and what the client is told. */
async function passed(sent: string, pieceBytes: number): Promise<{ read: string; told: string }> {
  const listener = new MemoryListener({ pieceBytes });
  const client = await listener.dial();
  const bytes = new TextEncoder().encode(sent);
  void (async () => {
    for (let at = 0; at < bytes.length;) at += await client.write(bytes.subarray(at));
  })();
  const { value: conn } = await namedHere(listener)[Symbol.asyncIterator]().next();
  let read = "";
  const into = new Uint8Array(7);
  while (read.length < sent.length) {
    const length = await conn.read(into).catch(() => null);
    if (length === null) break;
    read += latin1(into.subarray(0, length));
  }
  conn.close();
  let told = "";
  for (let length: number | null; (length = await client.read(into)) !== null;) {
    told += latin1(into.subarray(0, length));
  }
  return { read, told };
}

describe("a connection", () => {
  const request = (host: string) => `POST /v1/echo HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 3\r\n\r\nabc`;

  test.each([1, 10, 65_536])(
    "of a known name is given on whole, in pieces of %i bytes",
    async (pieceBytes) => {
      const sent = request("localhost:1") + request("localhost:1");
      expect(await passed(sent, pieceBytes)).toEqual({ read: sent, told: "" });
    },
  );

  test.each([
    ["another name", request("evil.example")],
    ["no end of its headers", `GET / HTTP/1.1\r\nHost: localhost\r\nA: ${"b".repeat(20_000)}`],
  ])("of %s gives nothing on, and is told why", async (_name, sent) => {
    const { read, told } = await passed(sent, 65_536);
    expect(read).toBe("");
    expect(told).toMatch(/^HTTP\/1\.1 421 [^]*connection: close\r\n\r\n{"code":7,"message":"this name/);
  });
});
