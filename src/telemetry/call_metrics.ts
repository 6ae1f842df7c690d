// Calls and connections of the gRPC server, counted in arrays: a slot for each method, status and transport.
// Must never make a series for what a peer names: methods are those that were added, anything else is "unknown".
import type { Peer } from "../grpc/conn.ts";
import type { MethodKind } from "../grpc/method.ts";
import type { MethodObserver, OpenStreams, ServerObserver } from "../grpc/server_observer.ts";
import { errorName, type Http2Error } from "../http2/mod.ts";
import { STATUS_NAMES } from "../agent/log/call_log.ts";
import { CALL_SECONDS } from "./catalogue.ts";
import { Histogram } from "./histogram.ts";
import { limitLabel } from "./limit_names.ts";
import type { Collected, Labels, Value } from "./registry.ts";

/** How a call comes in, in the words of the table of who may call what (src/authority/table.ts). */
export const TRANSPORTS = ["tcp-tls", "tcp-plain", "vsock", "unix"] as const;
/** By HTTP: calls that the gateway makes, over connections in memory. */
export const PROTOCOLS = ["grpc", "http"] as const;
/** Every pair of both, in the order of the numbers that a connection is told under. */
const WAYS = PROTOCOLS.flatMap((protocol) => TRANSPORTS.map((transport) => ({ transport, protocol })));
const CODES = STATUS_NAMES.length;
/** gRPC has no such status; a handler's mistake. It is counted as UNKNOWN. */
const UNKNOWN = 2;

/** As go-grpc-middleware names them. */
const TYPES: Readonly<Record<MethodKind, string>> = {
  unary: "unary",
  clientStream: "client_stream",
  serverStream: "server_stream",
  bidi: "bidi_stream",
};

/** Places of one transport in a method's array, side by side: a call touches few lines of the processor's cache. */
const STARTED = 0, ENDED = 1, RECEIVED = 2, RECEIVED_BYTES = 3, SENT = 4, SENT_BYTES = 5, HANDLED = 6;
const PLACES = HANDLED + CODES;
/** Where a way's transport begins. Four transports: their number's last bits. */
const base = (way: number) => (way & TRANSPORTS.length - 1) * PLACES;

class MethodCounts implements MethodObserver {
  readonly counts = new Float64Array(TRANSPORTS.length * PLACES);
  readonly seconds = new Histogram(CALL_SECONDS);

  constructor(readonly labels: Labels) {}

  started(way: number): void {
    this.counts[base(way) + STARTED]++;
  }

  received(way: number, bytes: number): void {
    const { counts } = this, at = base(way);
    counts[at + RECEIVED]++;
    counts[at + RECEIVED_BYTES] += bytes;
  }

  sent(way: number, bytes: number): void {
    const { counts } = this, at = base(way);
    counts[at + SENT]++;
    counts[at + SENT_BYTES] += bytes;
  }

  ended(way: number, code: number, durationMs: number): void {
    const { counts } = this, at = base(way);
    counts[at + ENDED]++;
    counts[at + HANDLED + (code >= 0 && code < CODES ? code : UNKNOWN)]++;
    this.seconds.observe(durationMs / 1_000);
  }
}

export class CallMetrics implements ServerObserver {
  readonly unknown = new MethodCounts({
    grpc_type: "unary",
    grpc_service: "unknown",
    grpc_method: "unknown",
  });
  readonly #methods = new Map<string, MethodCounts>();
  readonly #open = WAYS.map(() => new Set<OpenStreams>());
  readonly #connections = new Float64Array(WAYS.length);
  readonly #limits = new Map<string, number>();
  /** By code and origin: 14 names and their fallback, three origins. */
  readonly #errors = new Map<string, { labels: Labels; value: number }>();

  /** The same for every generation of the server. */
  method(path: string, kind: MethodKind): MethodObserver {
    const known = this.#methods.get(path);
    if (known !== undefined) return known;
    const [, grpc_service, grpc_method] = path.split("/");
    const made = new MethodCounts({ grpc_type: TYPES[kind], grpc_service, grpc_method });
    this.#methods.set(path, made);
    return made;
  }

  transport(peer: Peer): number {
    const transport = TRANSPORTS.indexOf(
      peer.transport === "tcp" ? peer.tls === undefined ? "tcp-plain" : "tcp-tls" : peer.transport,
    );
    return peer.http === undefined ? transport : TRANSPORTS.length + transport;
  }

  connected(transport: number, streams: OpenStreams): void {
    this.#connections[transport]++;
    this.#open[transport].add(streams);
  }

  disconnected(transport: number, streams: OpenStreams, error: Http2Error | undefined): void {
    this.#open[transport].delete(streams);
    if (error === undefined) return;
    const limit = limitLabel(error.message);
    if (limit !== undefined) this.#count(limit);
    // Codes of our own making only: a peer's GOAWAY may carry any number, and is no error of ours.
    const name = errorName(error.code);
    const code = name.startsWith("0x") ? "other" : name;
    const key = `${code} ${error.origin}`;
    const known = this.#errors.get(key);
    if (known !== undefined) known.value++;
    else this.#errors.set(key, { labels: { code, origin: error.origin }, value: 1 });
  }

  limited(limit: string): void {
    this.#count(limitLabel(limit) ?? "other");
  }

  readonly collect = (): Collected => {
    const methods = [...this.#methods.values(), this.unknown];
    const each = (place: number, less?: number): Value[] =>
      methods.flatMap((method) => byTransport(method, place, less));
    return {
      grpc_server_started_total: each(STARTED),
      grpc_server_handled_total: methods.flatMap(handledOf),
      grpc_server_msg_received_total: each(RECEIVED),
      grpc_server_msg_sent_total: each(SENT),
      grpc_server_msg_received_bytes_total: each(RECEIVED_BYTES),
      grpc_server_msg_sent_bytes_total: each(SENT_BYTES),
      grpc_server_in_flight: each(STARTED, ENDED),
      grpc_server_handling_seconds: methods
        .filter(({ seconds }) => seconds.observations > 0)
        .map(({ labels, seconds: { counts, sum } }) => ({ labels, counts, sum })),
      gatehouse_connections: WAYS.map((labels, at) => ({ labels, value: this.#open[at].size })),
      gatehouse_connections_total: WAYS.map((labels, at) => ({ labels, value: this.#connections[at] })),
      gatehouse_http2_streams: WAYS.map((labels, at) => ({
        labels,
        value: [...this.#open[at]].reduce((sum, { openStreams }) => sum + openStreams, 0),
      })),
      gatehouse_connection_errors_total: [...this.#errors.values()].map(({ labels, value }) => ({
        labels,
        value,
      })),
      gatehouse_refusals_total: [...this.#limits].map(([limit, value]) => ({ labels: { limit }, value })),
    };
  };

  #count(limit: string): void {
    this.#limits.set(limit, (this.#limits.get(limit) ?? 0) + 1);
  }
}

/** Of the transports by which a call of it came: what stands at a place, less what stands at another. */
function byTransport({ labels, counts }: MethodCounts, place: number, less?: number): Value[] {
  return TRANSPORTS.flatMap((transport, way) => {
    const at = base(way);
    if (counts[at + STARTED] === 0) return [];
    const value = counts[at + place] - (less === undefined ? 0 : counts[at + less]);
    return [{ labels: { ...labels, transport }, value }];
  });
}

/** Those that occurred, and OK: a rate of errors needs what it is a part of. */
function handledOf({ labels, counts }: MethodCounts): Value[] {
  const values: Value[] = [];
  for (const [way, transport] of TRANSPORTS.entries()) {
    if (counts[base(way) + STARTED] === 0) continue;
    for (const [code, grpc_code] of STATUS_NAMES.entries()) {
      const value = counts[base(way) + HANDLED + code];
      if (value > 0 || code === 0) values.push({ labels: { ...labels, grpc_code, transport }, value });
    }
  }
  return values;
}
