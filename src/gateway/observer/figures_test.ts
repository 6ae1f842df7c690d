import { expect, test } from "vitest";
import { samplesOf } from "../../telemetry/prometheus_text.ts";
import { figuresOf } from "./figures.ts";
import { Interval, Scrape } from "./scrapes.ts";

const ECHO = 'grpc_type="unary",grpc_service="echo.EchoService",grpc_method="Echo"';
const WATCH = 'grpc_type="server_stream",grpc_service="gatehouse.v1.Events",grpc_method="Watch"';

const text = (n: number) =>
  [
    `grpc_server_handled_total{${ECHO},grpc_code="OK",transport="vsock"} ${100 * n}`,
    `grpc_server_handled_total{${ECHO},grpc_code="INTERNAL",transport="unix"} ${4 * n}`,
    `grpc_server_handled_total{${WATCH},grpc_code="OK",transport="unix"} ${n}`,
    `grpc_server_in_flight{${ECHO},transport="vsock"} 3`,
    `grpc_server_in_flight{${WATCH},transport="unix"} 1`,
    `grpc_server_handling_seconds_bucket{${ECHO},le="0.001"} ${52 * n}`,
    `grpc_server_handling_seconds_bucket{${ECHO},le="0.01"} ${104 * n}`,
    `grpc_server_handling_seconds_bucket{${ECHO},le="+Inf"} ${104 * n}`,
    `grpc_server_handling_seconds_bucket{${WATCH},le="0.001"} 0`,
    `grpc_server_handling_seconds_bucket{${WATCH},le="+Inf"} ${n}`,
    'gatehouse_connections{transport="vsock"} 8',
    'gatehouse_connections{transport="unix"} 1',
    'gatehouse_connections{transport="tcp-plain"} 0',
    'gatehouse_connections_total{transport="tcp-plain"} 0',
    `gatehouse_refusals_total{limit="too_many_streams"} ${2 * n}`,
    `gatehouse_denied_total{rule="ROLE_TOO_LOW"} ${n}`,
    "gatehouse_edge_connections 5",
    `gatehouse_edge_handshakes_failed_total{reason="certificate_expired"} ${n}`,
    `gatehouse_edge_connections_refused_total{reason="flood"} ${3 * n}`,
  ].join("\n");

const figures = figuresOf(
  new Interval(new Scrape(0, samplesOf(text(1))), new Scrape(2000, samplesOf(text(3)))),
);

test("calls, errors, what is under way and refusals are reckoned from the metrics", () => {
  expect(figures).toMatchObject({ calls: 105, errors: 4, inFlight: 4, connections: 9, refusals: 3 });
  expect(figures.refusalsBy).toEqual([{ name: "too_many_streams", total: 6, rate: 2 }]);
});

test("percentiles are those of unary calls: a watch lasts as long as its caller likes", () => {
  expect(figures.latency.p50).toBeCloseTo(0.001, 9);
  expect(figures.latency.p99).toBeLessThanOrEqual(0.01);
});

test("transports and methods have figures of their own, the busiest method first", () => {
  expect(figures.transports).toMatchObject([
    { transport: "vsock", calls: 100, errors: 0, inFlight: 3, connections: 8 },
    { transport: "unix", calls: 5, errors: 4, inFlight: 1, connections: 1 },
  ]);
  expect(figures.methods.map(({ method, calls }) => [method, calls])).toEqual([["Echo", 104], ["Watch", 1]]);
});

test("what the edge turned away is told by stage and reason", () => {
  expect(figures.edge?.drops).toEqual([
    { stage: "refused", name: "flood", total: 9, rate: 3 },
    { stage: "handshake", name: "certificate_expired", total: 3, rate: 1 },
  ]);
});

test("where the text says nothing there is no figure", () => {
  const none = figuresOf(new Interval(new Scrape(0, []), new Scrape(1000, [])));
  expect(none).toMatchObject({ calls: undefined, errors: undefined, transports: [], edge: undefined });
  expect(none.latency).toEqual({ p50: undefined, p90: undefined, p99: undefined });
});
