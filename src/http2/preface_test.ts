import { describe, expect, it } from "vitest";
import { Connection } from "./connection.ts";
import { CLIENT_PREFACE } from "./frame.ts";
import { PrefaceReader } from "./preface.ts";
import { Recorder, Scripted } from "./testkit.ts";

const text = (value: string) => new TextEncoder().encode(value);

function answerTo(bytes: string): { said: string; events: Recorder } {
  const events = new Recorder();
  const server = new Connection("server", {}, events, 0);
  for (const byte of text(bytes)) server.receive(Uint8Array.of(byte), 0);
  const output = server.takeOutput();
  expect(server.wantsClose).toBe(true);
  return { said: String.fromCharCode(...output ?? []), events };
}

describe("the first bytes at a server", () => {
  it("are the preface in any split", () => {
    for (let split = 1; split < CLIENT_PREFACE.length; split++) {
      const reader = new PrefaceReader();
      expect(reader.read(CLIENT_PREFACE.subarray(0, split))).toBe("more");
      expect(reader.read(CLIENT_PREFACE.subarray(split))).toBe("http2");
      expect(reader.taken).toBe(CLIENT_PREFACE.length - split);
    }
  });

  it.each(["GET / HTTP/1.1\r\n", "POST /x HTTP/1.1\r\n", "PUT / HTTP/1.0\r\n", "PRI * HTTP/1.1\r\n\r\n"])(
    "that are %j get an HTTP/1 answer that says what is spoken here",
    (request) => {
      const { said, events } = answerTo(request);
      expect(said).toMatch(/^HTTP\/1\.1 505 .*\r\n(.*\r\n)*\r\n.*HTTP\/2 only/);
      const [head, body] = said.split("\r\n\r\n");
      expect(head).toContain(`content-length: ${body.length}`);
      expect(events.log).toEqual(["closed the client speaks HTTP/1"]);
    },
  );

  it.each(["\x16\x03\x01\x02\x00\x01", "hello\r\n", "GEX / HTTP/1.1"])("that are %j get GOAWAY", (bytes) => {
    expect(answerTo(bytes).said).toContain("invalid_preface");
  });

  it("that do not come in time end the connection", () => {
    const server = new Connection("server", {}, new Recorder(), 0);
    server.receive(CLIENT_PREFACE.subarray(0, 10), 5);
    expect(server.nextTimeoutMs(5)).toBe(9_995);
    server.tick(9_999);
    expect(server.wantsClose).toBe(false);
    server.tick(10_000);
    expect(String.fromCharCode(...server.takeOutput() ?? [])).toContain("preface_timeout");
    expect(server.wantsClose).toBe(true);
  });
});

describe("the first frame", () => {
  it("must be SETTINGS, at either end", () => {
    const server = new Scripted("server").send(
      Uint8Array.of(0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8),
    );
    expect(server.goaway()).toMatchObject({ code: "PROTOCOL_ERROR" });
    const client = new Scripted("client").send(text("HTTP/1.1 400 Bad Request\r\n"));
    expect(client.goaway()?.debug).toContain("HTTP/1 answer");
  });
});
