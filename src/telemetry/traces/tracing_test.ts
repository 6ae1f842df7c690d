import { Buffer } from "node:buffer";
import { type Metadata, status } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Collector, startCollector } from "../../../tests/lib/otlp_collector.ts";
import { traceOf } from "../../grpc/call_trace.ts";
import { frameMessage } from "../../grpc/message.ts";
import { type Callback, closeAll, connectTo, start, type Unary } from "../../grpc/server_testkit.ts";
import { parseAddress } from "../../transport/address.ts";
import { dialer } from "../../transport/dial.ts";
import { resourcesOf } from "../otlp/resources.ts";
import { GRPC_REQUEST, type WireClient } from "../../grpc/wire_client.ts";
import { MAX_TRACES_PER_SECOND, Tracing } from "./tracing.ts";

let dir: string;
let collector: Collector | undefined;
let tracing: Tracing;
const told: [boolean, string][] = [];
let random = 0;
const address = () => `unix://${dir}/otlp.sock`;
beforeEach(async () => {
  dir = await Deno.makeTempDir({ prefix: "gatehouse-traces-" });
  told.length = 0;
  random = 0;
  tracing = new Tracing({
    resources: resourcesOf("the-appliance", "1.2.3"),
    dialTo: (text) => dialer(parseAddress(text)),
    random: () => random,
    onCollector: (_address, works, error) => told.push([works, String(error)]),
  });
});
afterEach(async () => {
  await closeAll();
  await tracing.close();
  await collector?.close();
  collector = undefined;
  await Deno.remove(dir, { recursive: true });
});

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const head = (traceparent = "", tracestate = "") => ({ traceparent, tracestate });
const peer = { transport: "tcp", address: "tcp://192.0.2.1:1234" } as const;
const unary = (client: WireClient, more: string[] = [], body = "hello") =>
  client.call([...GRPC_REQUEST, ...more], [frameMessage(Buffer.from(body))]);
const begin = (traceparent = "", first = false) =>
  tracing.begin("/p.Service/M", peer, head(traceparent), performance.now(), first);

/** A traced server: "unary" answers, "fails" doesn't. */
async function traced(sample: number) {
  collector = await startCollector(address());
  tracing.configure({ otlp: address(), sample });
  const seen: Metadata[] = [];
  const { client, server } = start({
    unary(call: Unary, callback: Callback) {
      seen.push(call.metadata);
      const outgoing = traceOf(call)?.outgoing("/other.Service/Other");
      outgoing?.end(status.OK, { queue_us: 0, sign_us: 0 });
      if (String(call.request) === "fail") callback({ code: status.INTERNAL, details: "no" });
      else if (String(call.request) === "refuse") callback({ code: status.NOT_FOUND, details: "no" });
      else callback(null, call.request);
    },
  }, { tracer: tracing });
  return { client, server, seen };
}

const spansOf = (name: string) => collector?.spans.filter((span) => span.name === name) ?? [];
const until = (count: number, name = "test.Service/Unary") =>
  collector!.until(() => spansOf(name).length >= count ? spansOf(name) : undefined, `${count} of ${name}`);

test("a sampled call becomes a span of its server, with those of what it asked for", async () => {
  const { client } = await traced(1);
  const before = BigInt(Date.now()) * 1_000_000n;
  await unary(client, [], "hello");
  await unary(client, [], "fail");
  await unary(client, [], "refuse");
  const after = BigInt(Date.now() + 1) * 1_000_000n;
  const [good, failed, refused] = await until(3);
  expect(good).toMatchObject({
    service: "gatehouse-agent",
    kind: 2,
    parentId: "",
    failed: false,
    attributes: {
      "rpc.system.name": "grpc",
      "rpc.method": "test.Service/Unary",
      "rpc.response.status_code": "OK",
    },
  });
  expect([failed.failed, failed.attributes["error.type"]]).toEqual([true, "INTERNAL"]);
  expect([refused.failed, refused.attributes["rpc.response.status_code"]]).toEqual([false, "NOT_FOUND"]);
  expect(new Set([good, failed, refused].map(({ traceId }) => traceId)).size).toBe(3);
  const of = (name: string) =>
    collector!.spans.find((span) => span.traceId === good.traceId && span.name === name)!;
  const [asked, queue, sign] = [of("other.Service/Other"), of("queue"), of("sign")];
  expect([asked.parentId, queue.parentId, sign.parentId]).toEqual([good.spanId, asked.spanId, asked.spanId]);
  expect([asked.kind, queue.service]).toEqual([3, "gatehouse-signer"]);
  const times = [before, good.startNs, asked.startNs, asked.endNs, good.endNs, after];
  expect(times).toEqual([...times].sort((a, b) => Number(a - b)));
});

test("a caller's traceparent decides for his calls, and they belong to his trace", async () => {
  random = 0.5;
  const { client } = await traced(0.5);
  await unary(client, ["traceparent", `00-${TRACE}-${SPAN}-01`, "tracestate", "a=1", "tracestate", "b=2"]);
  await unary(client, ["traceparent", `00-${TRACE}-${SPAN}-00`]);
  await unary(client, ["traceparent", "malformed"]);
  await unary(client, ["traceparent", `00-${TRACE}-${SPAN}-01`, "traceparent", `00-${TRACE}-${SPAN}-01`]);
  random = 0.4;
  await unary(client, ["traceparent", "malformed"]);
  const [his, own] = await until(2);
  expect(his).toMatchObject({ traceId: TRACE, parentId: SPAN, traceState: "a=1,b=2" });
  expect(own).toMatchObject({ parentId: "", traceState: "" });
  expect(own.traceId).not.toBe(TRACE);
  expect(spansOf("test.Service/Unary")).toHaveLength(2);
});

test("what the edge did for a connection belongs to its first call alone", async () => {
  const { server } = await traced(1);
  const acceptedUs = Date.now() * 1_000 - 5_000;
  const byEdge = {
    transport: "tcp",
    address: "tcp://[2001:db8::1]:4711",
    tls: { version: "TLSv1.3" },
    edge: { acceptedUs, handshakeEndUs: acceptedUs + 2_000 },
  } as const;
  const client = connectTo(server, undefined, byEdge);
  await unary(client, ["traceparent", `00-${TRACE}-${SPAN}-01`]);
  await unary(client, []);
  client.close();
  const [first] = await until(2);
  const edge = spansOf("TLS handshake");
  expect(edge).toMatchObject([{
    service: "gatehouse-edge",
    traceId: TRACE,
    parentId: SPAN,
    startNs: BigInt(acceptedUs) * 1_000n,
    endNs: BigInt(acceptedUs + 2_000) * 1_000n,
    attributes: {
      "tls.protocol.version": "1.3",
      "network.peer.address": "2001:db8::1",
      "network.peer.port": "4711",
    },
  }]);
  expect(first.parentId).toBe(edge[0].spanId);
});

test("the part of calls that is asked for is traced, and without a collector none", () => {
  expect(begin()).toBeUndefined();
  expect(begin(`00-${TRACE}-${SPAN}-01`)).toBeUndefined();
  tracing.configure({ otlp: address(), sample: 0.25 });
  const traces = [0, 0.24, 0.25, 0.9].map((value) => {
    random = value;
    return begin() !== undefined;
  });
  expect(traces).toEqual([true, true, false, false]);
  tracing.configure({ otlp: address(), sample: 0 });
  random = 0;
  expect(begin()).toBeUndefined();
  tracing.configure({ otlp: "", sample: 1 });
  expect(begin()).toBeUndefined();
  expect(tracing.counts).toEqual({ sent: 0, lost: 0 });
});

test("callers who ask for a trace of every call get as many as a second has", () => {
  tracing.configure({ otlp: address(), sample: 0 });
  const asked = MAX_TRACES_PER_SECOND + 500;
  const traces = Array.from({ length: asked }, () => begin(`00-${TRACE}-${SPAN}-01`));
  const made = traces.filter((trace) => trace !== undefined).length;
  expect(made).toBeGreaterThanOrEqual(MAX_TRACES_PER_SECOND);
  expect(made).toBeLessThan(asked);
  expect(tracing.counts.lost).toBe(asked - made);
});

test(
  "a collector that isn't there loses spans and nothing else; one that comes gets the next ones",
  async () => {
    tracing.configure({ otlp: address(), sample: 1 });
    const { client } = start({ unary: (call: Unary, callback: Callback) => callback(null, call.request) }, {
      tracer: tracing,
    });
    for (let round = 0; round < 12; round++) {
      const answers = await Promise.all(Array.from({ length: 50 }, () => unary(client)));
      for (const { trailers } of answers) expect(trailers["grpc-status"]).toBe("0");
    }
    collector = await startCollector(address());
    await collector.until(() => tracing.counts.sent > 0 || undefined, "the spans that waited");
    expect(told.slice(0, 1)).toEqual(tracing.counts.lost > 0 ? [[false, expect.any(String)]] : []);
  },
  30_000,
);
