// What one call costs in the engine, without I/O: `deno bench src/http2/connection_bench.ts`.
import { Connection, type ConnectionEvents } from "./connection.ts";
import { FrameReader } from "./frame_reader.ts";
import { FrameType } from "./frame.ts";
import { Output } from "./output.ts";
import { concat, frame, REQUEST } from "./testkit.ts";

const RESPONSE = [":status", "200", "content-type", "application/grpc"];
const TRAILERS = ["grpc-status", "0"];
const CALLS = 1_000;

/** Ends that do nothing but answer. */
function quiet(): ConnectionEvents {
  return { onHeaders() {}, onData() {}, onReset() {}, onWritable() {}, onGoaway() {}, onClosed() {} };
}

function pair(answerBytes: number): { client: Connection; server: Connection } {
  const atServer = quiet();
  const server = new Connection("server", {}, atServer, 0);
  atServer.onData = (id, data, end) => {
    server.consume(id, data.length);
    if (!end) return;
    server.sendHeaders(id, RESPONSE, false);
    server.sendData(id, new Uint8Array(answerBytes), false);
    server.sendHeaders(id, TRAILERS, true);
  };
  const atClient = quiet();
  const client = new Connection("client", {}, atClient, 0);
  atClient.onData = (id, data) => client.consume(id, data.length);
  step(client, server);
  return { client, server };
}

function step(client: Connection, server: Connection): void {
  for (let moved = true; moved;) {
    moved = false;
    for (let out = client.takeOutput(); out !== undefined; out = client.takeOutput()) {
      server.receive(out, 0);
      moved = true;
    }
    for (let out = server.takeOutput(); out !== undefined; out = server.takeOutput()) {
      client.receive(out, 0);
      moved = true;
    }
  }
}

function calls(bodyBytes: number, inFlight: number): () => void {
  const { client, server } = pair(bodyBytes);
  return () => {
    for (let done = 0; done < CALLS; done += inFlight) {
      for (let i = 0; i < inFlight; i++) {
        client.sendData(client.request(REQUEST, false), new Uint8Array(bodyBytes), true);
      }
      step(client, server);
    }
  };
}

const small = calls(23, 32);
const single = calls(23, 1);
const large = calls(64 * 1024, 8);
Deno.bench("1,000 unary calls of 23 bytes, both ends, 32 in flight", { group: "calls" }, () => small());
Deno.bench("1,000 unary calls of 23 bytes, both ends, 1 in flight", { group: "calls" }, () => single());
Deno.bench("1,000 unary calls of 64 KiB, both ends, 8 in flight", { group: "calls" }, () => large());

const many = concat(
  ...Array.from({ length: 1_000 }, (_, i) => frame(FrameType.DATA, 1, 2 * i + 1, new Uint8Array(23))),
);
const reader = new FrameReader(16_384);
Deno.bench("read 1,000 frames of 23 bytes", { group: "frames" }, () => {
  reader.push(many, 0);
  while (reader.next());
});
Deno.bench("read 1,000 frames of 23 bytes, split each 1,000 bytes", { group: "frames" }, () => {
  for (let at = 0; at < many.length; at += 1_000) {
    reader.push(many.subarray(at, at + 1_000), 0);
    while (reader.next());
  }
});
const output = new Output();
const payload = new Uint8Array(23);
Deno.bench("write 1,000 frames of 23 bytes", { group: "frames" }, () => {
  for (let i = 0; i < 1_000; i++) output.data(1, payload, 0, payload.length, false);
  output.take(Infinity);
});
