// A collector for tests: OTLP over gRPC on our own server, decoded by the published messages (opentelemetry-proto,
// by their names and numbers). Must never take what a real one would refuse: an unreadable export fails its call.
import { Buffer } from "node:buffer";
import type { sendUnaryData, ServerUnaryCall, ServiceDefinition } from "@grpc/grpc-js";
import protobuf from "protobufjs";
import { Server } from "../../src/grpc/server.ts";
import { parseAddress } from "../../src/transport/address.ts";
import { listen } from "../../src/transport/listen.ts";

const PROTO = `
syntax = "proto3";
message KeyValue { string key = 1; AnyValue value = 2; }
message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
message Resource { repeated KeyValue attributes = 1; }
message Status { string message = 2; int32 code = 3; }
message Span {
  bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5;
  int32 kind = 6; fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9;
  Status status = 15; fixed32 flags = 16;
}
message ScopeSpans { repeated Span spans = 2; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
message ExportTraceServiceRequest { repeated ResourceSpans resource_spans = 1; }
message NumberDataPoint {
  fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; double as_double = 4; sfixed64 as_int = 6; repeated KeyValue attributes = 7;
}
message HistogramDataPoint {
  fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; fixed64 count = 4; double sum = 5;
  repeated fixed64 bucket_counts = 6; repeated double explicit_bounds = 7; repeated KeyValue attributes = 9;
}
message Gauge { repeated NumberDataPoint data_points = 1; }
message Sum { repeated NumberDataPoint data_points = 1; int32 aggregation_temporality = 2; bool is_monotonic = 3; }
message Histogram { repeated HistogramDataPoint data_points = 1; int32 aggregation_temporality = 2; }
message Metric { string name = 1; string description = 2; string unit = 3; Gauge gauge = 5; Sum sum = 7; Histogram histogram = 9; }
message ScopeMetrics { repeated Metric metrics = 2; }
message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; }
message ExportMetricsServiceRequest { repeated ResourceMetrics resource_metrics = 1; }
`;
const { root } = protobuf.parse(PROTO, { keepCase: true });
const reader = (name: string) => {
  const type = root.lookupType(name);
  return (bytes: Buffer) =>
    type.toObject(type.decode(bytes), { longs: String, bytes: String, defaults: true, arrays: true });
};

type Value = Record<string, string | number | boolean>;
interface Attribute {
  key: string;
  value: Value;
}

export interface CollectedSpan {
  service: string;
  name: string;
  /** As the protocol counts: 1 internal, 2 server, 3 client. */
  kind: number;
  traceId: string;
  spanId: string;
  /** Empty: it has none. */
  parentId: string;
  traceState: string;
  startNs: bigint;
  endNs: bigint;
  failed: boolean;
  attributes: Record<string, string | number | boolean>;
}

interface WireSpan {
  trace_id: string;
  span_id: string;
  parent_span_id: string;
  trace_state: string;
  name: string;
  kind: number;
  start_time_unix_nano: string;
  end_time_unix_nano: string;
  attributes: Attribute[];
  status?: { code: number };
}

interface TraceExport {
  resource_spans: { resource: { attributes: Attribute[] }; scope_spans: { spans: WireSpan[] }[] }[];
}

export interface CollectedPoint {
  attributes: Record<string, string | number | boolean>;
  as_double: number;
  count?: string;
  sum?: number;
  bucket_counts?: string[];
  explicit_bounds?: number[];
}

export interface CollectedMetric {
  name: string;
  unit: string;
  description: string;
  gauge?: { data_points: CollectedPoint[] };
  sum?: { data_points: CollectedPoint[]; is_monotonic: boolean; aggregation_temporality: number };
  histogram?: { data_points: CollectedPoint[]; aggregation_temporality: number };
}

interface MetricsExport {
  resource_metrics: {
    resource: { attributes: Attribute[] };
    scope_metrics: { metrics: CollectedMetric[] }[];
  }[];
}

export interface Collector {
  /** With the port that the kernel chose. */
  readonly address: string;
  readonly spans: CollectedSpan[];
  readonly metrics: CollectedMetric[];
  /** Exports that came. */
  readonly exports: number;
  /** Waits until `found` has what it looks for, 20 s at most. */
  until<T>(found: () => T | undefined, what: string): Promise<T>;
  close(): Promise<void>;
}

/** @param answer fails an export by throwing */
export async function startCollector(address: string, answer: () => void = () => {}): Promise<Collector> {
  const spans: CollectedSpan[] = [];
  const metrics: CollectedMetric[] = [];
  let exports = 0;
  const server = new Server({ maxReceiveMessageBytes: 16 << 20 });
  server.addService(service("trace", "Trace", reader("ExportTraceServiceRequest")), {
    Export: (
      call: ServerUnaryCall<TraceExport, object>,
      callback: sendUnaryData<object>,
    ) => {
      exports++;
      try {
        answer();
      } catch (error) {
        return callback(error as Error);
      }
      for (const { resource, scope_spans } of call.request.resource_spans) {
        const name = String(plain(resource.attributes)["service.name"]);
        for (const scope of scope_spans) spans.push(...scope.spans.map((span) => spanOf(name, span)));
      }
      callback(null, {});
    },
  });
  server.addService(service("metrics", "Metrics", reader("ExportMetricsServiceRequest")), {
    Export: (
      call: ServerUnaryCall<MetricsExport, object>,
      callback: sendUnaryData<object>,
    ) => {
      exports++;
      for (const { scope_metrics } of call.request.resource_metrics) {
        for (const scope of scope_metrics) metrics.push(...scope.metrics.map(pointsOf));
      }
      callback(null, {});
    },
  });
  const listener = await listen(parseAddress(address));
  const serving = server.serve(listener);
  return {
    address: listener.address,
    spans,
    metrics,
    get exports() {
      return exports;
    },
    async until(found, what) {
      for (let tries = 0; tries < 400; tries++) {
        const value = found();
        if (value !== undefined) return value;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      throw new Error(`the collector waits in vain for ${what}; it has ${spans.map(({ name }) => name)}`);
    },
    async close() {
      await server.shutdown(0);
      await serving;
    },
  };
}

function service(folder: string, name: string, read: (bytes: Buffer) => unknown): ServiceDefinition {
  const nothing = new Uint8Array();
  return {
    Export: {
      path: `/opentelemetry.proto.collector.${folder}.v1.${name}Service/Export`,
      requestStream: false,
      responseStream: false,
      requestSerialize: () => nothing as Buffer,
      requestDeserialize: read,
      responseSerialize: () => nothing as Buffer,
      responseDeserialize: () => ({}),
    },
  };
}

function spanOf(service: string, span: WireSpan): CollectedSpan {
  const hex = (base64: string) => Buffer.from(base64, "base64").toString("hex");
  return {
    service,
    name: span.name,
    kind: span.kind,
    traceId: hex(span.trace_id),
    spanId: hex(span.span_id),
    parentId: hex(span.parent_span_id),
    traceState: span.trace_state,
    startNs: BigInt(span.start_time_unix_nano),
    endNs: BigInt(span.end_time_unix_nano),
    failed: span.status?.code === 2,
    attributes: plain(span.attributes),
  };
}

function pointsOf(metric: CollectedMetric): CollectedMetric {
  for (const data of [metric.gauge, metric.sum, metric.histogram]) {
    for (const point of data?.data_points ?? []) {
      point.attributes = plain(point.attributes as unknown as Attribute[]);
    }
  }
  return metric;
}

function plain(attributes: readonly Attribute[]): Record<string, string | number | boolean> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
