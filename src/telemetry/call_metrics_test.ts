import { status } from "@grpc/grpc-js";
import { afterEach, expect, it } from "vitest";
import type { Peer } from "../grpc/conn.ts";
import { frameMessage } from "../grpc/message.ts";
import { closeAll, connectTo, echo, start } from "../grpc/server_testkit.ts";
import { requestWith, type WireClient } from "../grpc/wire_client.ts";
import { CallMetrics, TRANSPORTS } from "./call_metrics.ts";
import { CATALOGUE, type FamilyName } from "./catalogue.ts";
import { LIMIT_LABELS } from "./limit_names.ts";
import type { Distribution, Value } from "./registry.ts";

afterEach(closeAll);

const PEERS: Peer[] = [
  { transport: "tcp", address: "tcp://192.0.2.1:1", tls: { version: "TLSv1.3" } },
  { transport: "tcp", address: "tcp://127.0.0.1:1" },
  { transport: "vsock", address: "vsock://3:1", cid: 3 },
  { transport: "unix", address: "unix:///x" },
];

const ask = (client: WireClient, path: string, text: string) =>
  client.call(requestWith({ ":path": path }), [frameMessage(new TextEncoder().encode(text))]);

const find = (metrics: CallMetrics, name: FamilyName, labels: Record<string, string> = {}) =>
  (metrics.collect()[name] as Value[]).filter((one) =>
    Object.entries(labels).every(([label, value]) => one.labels[label] === value)
  );
const sum = (values: Value[]) => values.reduce((total, { value }) => total + value, 0);
const seriesOf = (metrics: CallMetrics) =>
  Object.values(metrics.collect()).reduce((count, series) => count + series.length, 0);

it("counts a call by method, status and transport, with its messages and bytes each way", async () => {
  const metrics = new CallMetrics();
  const { server } = start({ unary: echo }, { observer: metrics });
  for (const peer of PEERS) {
    const client = connectTo(server, undefined, peer);
    await ask(client, "/test.Service/Unary", "abcd");
  }
  const labels = { grpc_type: "unary", grpc_service: "test.Service", grpc_method: "Unary" };
  for (const transport of TRANSPORTS) {
    const own = { ...labels, transport };
    expect(find(metrics, "grpc_server_started_total", own)).toEqual([{ labels: own, value: 1 }]);
    expect(find(metrics, "grpc_server_handled_total", own)).toEqual([
      { labels: { ...labels, grpc_code: "OK", transport }, value: 1 },
    ]);
    expect(find(metrics, "grpc_server_msg_received_bytes_total", own)[0].value).toBe(4);
    expect(find(metrics, "grpc_server_msg_sent_bytes_total", own)[0].value).toBe(4);
    expect(find(metrics, "grpc_server_in_flight", own)[0].value).toBe(0);
    expect(find(metrics, "gatehouse_connections", { transport })[0].value).toBeGreaterThan(0);
  }
  const [histogram] = metrics.collect().grpc_server_handling_seconds as Distribution[];
  expect(histogram.labels).toEqual(labels);
  expect(Array.from(histogram.counts).reduce((a, b) => a + b)).toBe(4);
});

it("tells connections that the gateway has for its callers from those that call by gRPC", async () => {
  const metrics = new CallMetrics();
  const { server } = start({ unary: echo }, { observer: metrics });
  const client = connectTo(server, undefined, { ...PEERS[3], http: { nonces: {} } });
  await ask(client, "/test.Service/Unary", "a");
  const open = (protocol: string) =>
    sum(find(metrics, "gatehouse_connections", { transport: "unix", protocol }));
  expect([open("http"), open("grpc")]).toEqual([1, 1]);
  expect(sum(find(metrics, "grpc_server_handled_total", { transport: "unix" }))).toBe(1);
});

it("makes no series of the names that a flood of calls asks for", async () => {
  const metrics = new CallMetrics();
  const { server } = start({ unary: echo }, { observer: metrics });
  const flood = async (from: number) => {
    for (const peer of PEERS) {
      const client = connectTo(server, undefined, peer);
      const paths = Array.from({ length: 500 }, (_, at) => `/test.Service${from + at}/Un{a="b"}ary${at}`);
      await Promise.all(paths.map((path) => ask(client, path, "")));
    }
  };
  await flood(0);
  const before = seriesOf(metrics);
  await flood(500);
  expect(seriesOf(metrics)).toBe(before);
  const unknown = find(metrics, "grpc_server_handled_total", { grpc_method: "unknown" });
  expect(sum(unknown)).toBe(4_000);
  expect(find(metrics, "grpc_server_handled_total", { grpc_code: "UNIMPLEMENTED" })).toHaveLength(4);
}, 60_000);

it("counts what limits turn away, by names of its own only", async () => {
  const metrics = new CallMetrics();
  const { client } = start({ unary: echo }, { observer: metrics, maxReceiveMessageBytes: 8 });
  await ask(client, "/test.Service/Unary", "more than eight bytes");
  expect(find(metrics, "gatehouse_refusals_total")).toEqual([{
    labels: { limit: "request_too_large" },
    value: 1,
  }]);
  const before = seriesOf(metrics);
  for (let at = 0; at < 100; at++) metrics.limited(`limit ${at}`);
  expect(seriesOf(metrics)).toBe(before + 1);
});

it("counts a call that the door refuses", async () => {
  const metrics = new CallMetrics();
  const refusal = { code: status.PERMISSION_DENIED, details: "no" };
  const { client } = start({ unary: echo }, { observer: metrics, admit: () => refusal });
  await ask(client, "/test.Service/Unary", "a");
  const labels = { grpc_code: "PERMISSION_DENIED", grpc_method: "Unary" };
  expect(sum(find(metrics, "grpc_server_handled_total", labels))).toBe(1);
  expect(sum(find(metrics, "grpc_server_in_flight"))).toBe(0);
});

it("says what is under way, and forgets the streams of a connection that is gone", async () => {
  const metrics = new CallMetrics();
  const { server } = start({ unary: () => {} }, { observer: metrics });
  const client = connectTo(server, undefined, PEERS[2]);
  void ask(client, "/test.Service/Unary", "a");
  const open = () => sum(find(metrics, "gatehouse_http2_streams", { transport: "vsock" }));
  await expect.poll(open).toBe(1);
  expect(sum(find(metrics, "grpc_server_in_flight"))).toBe(1);
  client.close();
  await expect.poll(() => sum(find(metrics, "grpc_server_in_flight"))).toBe(0);
  expect(open()).toBe(0);
  const cancelled = find(metrics, "grpc_server_handled_total", { grpc_code: "CANCELLED" });
  expect(sum(cancelled)).toBe(1);
});

it("has so many names of limits as docs/monitoring.md counts", () => {
  expect(LIMIT_LABELS).toBeLessThan(40);
  expect(CATALOGUE.gatehouse_refusals_total.labels).toEqual(["limit"]);
});
