// What an operator looks at, reckoned from two readings of /metrics: rates, percentiles, what is under way. The names
// are those of src/telemetry. Must never make a figure up: what the text doesn't say is undefined.
import { type Bucket, quantile } from "./histogram.ts";
import type { Interval, Scrape } from "./scrapes.ts";

type Maybe = number | undefined;

/** Seconds. */
export interface Latency {
  readonly p50: Maybe;
  readonly p90: Maybe;
  readonly p99: Maybe;
}

/** A second, but for inFlight. */
export interface CallFigures {
  readonly calls: Maybe;
  readonly errors: Maybe;
  readonly inFlight: Maybe;
}

export interface TransportFigures extends CallFigures {
  /** "tcp-tls", "tcp-plain", "vsock", "unix" */
  readonly transport: string;
  readonly connections: Maybe;
  readonly streams: Maybe;
  /** Connections opened a second. */
  readonly opened: Maybe;
}

export interface MethodFigures extends CallFigures {
  readonly service: string;
  readonly method: string;
  readonly latency: Latency;
}

/** A count since the start, and how fast it rises a second. */
export interface Counted {
  readonly name: string;
  readonly total: number;
  readonly rate: Maybe;
}

export interface SignerFigures {
  readonly algorithm: string;
  readonly signatures: Maybe;
  readonly queue: Latency;
  readonly sign: Latency;
}

export interface EdgeFigures {
  readonly connections: Maybe;
  readonly handshakesWaiting: Maybe;
  readonly queuedBytes: Maybe;
  readonly handshakes: Maybe;
  readonly resumed: Maybe;
  readonly bytesIn: Maybe;
  readonly bytesOut: Maybe;
  readonly listenersOpen: Maybe;
  readonly listenersFailed: Maybe;
  /** Connections that got no place, whose handshake failed, that the edge closed: by reason. */
  readonly drops: readonly (Counted & { readonly stage: "refused" | "handshake" | "closed" })[];
}

export interface ProcessFigures {
  readonly memoryBytes: Maybe;
  readonly heapBytes: Maybe;
  readonly heldBytes: Maybe;
  /** CPU seconds a second: 1 is one core. */
  readonly cpu: Maybe;
  /** Seconds. */
  readonly lag: Latency;
}

export interface Figures extends CallFigures {
  readonly refusals: Maybe;
  readonly bytesIn: Maybe;
  readonly bytesOut: Maybe;
  readonly connections: Maybe;
  readonly latency: Latency;
  readonly transports: readonly TransportFigures[];
  /** The busiest first. */
  readonly methods: readonly MethodFigures[];
  readonly refusalsBy: readonly Counted[];
  readonly deniedBy: readonly Counted[];
  readonly signer: readonly SignerFigures[];
  readonly process: ProcessFigures;
  /** Undefined where there is none. */
  readonly edge: EdgeFigures | undefined;
}

const HANDLED = "grpc_server_handled_total";
const IN_FLIGHT = "grpc_server_in_flight";
const SECONDS = "grpc_server_handling_seconds";
/** A stream's duration is its caller's choice, and no latency. */
const UNARY = { grpc_type: "unary" };

export function figuresOf(between: Interval): Figures {
  const { to } = between;
  const limits = countedBy(between, "gatehouse_refusals_total", "limit");
  const denied = countedBy(between, "gatehouse_denied_total", "rule");
  const everUsed = (transport: string) => to.sum("gatehouse_connections_total", { transport }) !== 0;
  return {
    ...callsOf(between),
    refusals: sum([...limits, ...denied].map(({ rate }) => rate)) ?? between.rate("gatehouse_refusals_total"),
    bytesIn: between.rate("grpc_server_msg_received_bytes_total"),
    bytesOut: between.rate("grpc_server_msg_sent_bytes_total"),
    connections: to.sum("gatehouse_connections"),
    latency: latencyOf(between.histogram(SECONDS, UNARY)),
    transports: to.values("gatehouse_connections", "transport").filter(everUsed).map((transport) => ({
      transport,
      ...callsOf(between, { transport }),
      connections: to.sum("gatehouse_connections", { transport }),
      streams: to.sum("gatehouse_http2_streams", { transport }),
      opened: between.rate("gatehouse_connections_total", { transport }),
    })),
    methods: methodsOf(between),
    refusalsBy: limits,
    deniedBy: denied,
    signer: to.values("gatehouse_signer_sign_seconds_count", "algorithm").map((algorithm) => ({
      algorithm,
      signatures: between.rate("gatehouse_signer_sign_seconds_count", { algorithm }),
      queue: latencyOf(between.histogram("gatehouse_signer_queue_seconds", { algorithm })),
      sign: latencyOf(between.histogram("gatehouse_signer_sign_seconds", { algorithm })),
    })),
    process: {
      memoryBytes: to.sum("process_resident_memory_bytes"),
      heapBytes: to.sum("gatehouse_heap_used_bytes"),
      heldBytes: to.sum("gatehouse_held_bytes"),
      cpu: between.rate("process_cpu_seconds_total"),
      lag: latencyOf(between.histogram("gatehouse_event_loop_lag_seconds")),
    },
    edge: edgeOf(between),
  };
}

/** "OK" and the rest. A caller's own mistakes are errors here too: the table of methods shows whose they are. */
function callsOf(between: Interval, labels: Readonly<Record<string, string>> = {}): CallFigures {
  const calls = between.rate(HANDLED, labels);
  const ok = between.rate(HANDLED, { ...labels, grpc_code: "OK" });
  return {
    calls,
    errors: calls === undefined ? undefined : Math.max(0, calls - (ok ?? 0)),
    inFlight: between.to.sum(IN_FLIGHT, labels),
  };
}

function methodsOf(between: Interval): MethodFigures[] {
  const known = new Map<string, { grpc_service: string; grpc_method: string }>();
  for (const { labels: { grpc_service, grpc_method } } of between.to.series(HANDLED)) {
    known.set(`${grpc_service}/${grpc_method}`, { grpc_service, grpc_method });
  }
  return [...known.values()]
    .map((labels) => ({
      service: labels.grpc_service,
      method: labels.grpc_method,
      ...callsOf(between, labels),
      latency: latencyOf(between.histogram(SECONDS, { ...labels, ...UNARY })),
    }))
    .sort((a, b) =>
      (b.calls ?? 0) - (a.calls ?? 0) || (a.service + a.method < b.service + b.method ? -1 : 1)
    );
}

function edgeOf(between: Interval): EdgeFigures | undefined {
  const { to } = between;
  if (to.series("gatehouse_edge_connections").length === 0) return undefined;
  const drops = ([
    ["refused", "gatehouse_edge_connections_refused_total"],
    ["handshake", "gatehouse_edge_handshakes_failed_total"],
    ["closed", "gatehouse_edge_connections_closed_total"],
  ] as const).flatMap(([stage, name]) =>
    countedBy(between, name, "reason").map((counted) => ({ stage, ...counted }))
  );
  return {
    connections: to.sum("gatehouse_edge_connections"),
    handshakesWaiting: to.sum("gatehouse_edge_handshakes_waiting"),
    queuedBytes: to.sum("gatehouse_edge_queued_bytes"),
    handshakes: between.rate("gatehouse_edge_handshakes_total"),
    resumed: between.rate("gatehouse_edge_handshakes_total", { kind: "resumed" }),
    bytesIn: between.rate("gatehouse_edge_bytes_total", { direction: "in" }),
    bytesOut: between.rate("gatehouse_edge_bytes_total", { direction: "out" }),
    listenersOpen: to.sum("gatehouse_edge_listeners", { state: "open" }),
    listenersFailed: to.sum("gatehouse_edge_listeners", { state: "failed" }),
    drops,
  };
}

/** The largest first. */
function countedBy(between: Interval, name: string, label: string): Counted[] {
  return between.to.values(name, label)
    .map((value) => ({
      name: value,
      total: between.to.sum(name, { [label]: value }) ?? 0,
      rate: between.rate(name, { [label]: value }),
    }))
    .filter(({ total }) => total > 0)
    .sort((a, b) => b.total - a.total);
}

const latencyOf = (buckets: readonly Bucket[]): Latency => ({
  p50: quantile(buckets, 0.5),
  p90: quantile(buckets, 0.9),
  p99: quantile(buckets, 0.99),
});

function sum(values: readonly Maybe[]): Maybe {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((total, value) => total + value, 0);
}

/** The label of a build_info metric. */
export const buildOf = (scrape: Scrape | undefined, name: string, label = "version"): string | undefined =>
  scrape?.series(name)[0]?.labels[label];
