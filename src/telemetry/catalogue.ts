// Every metric that an agent has: name, kind, unit, labels, words. The one list: docs/monitoring.md is made of it, and
// what isn't in it can't be collected. Must never hold a label whose values a peer chooses.

export type Kind = "counter" | "gauge" | "histogram";

export interface Family {
  readonly kind: Kind;
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of the buckets, in the metric's unit; histograms only. */
  readonly buckets?: readonly number[];
}

/** Seconds: calls, from 0.5 ms to the 10 s that a deadline usually is. */
export const CALL_SECONDS = [
  ...[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
] as const;
/** Seconds: a signature of P-256 takes 15 µs, one of RSA-4096 some ms, a queue at its longest 2 s. */
export const SIGNER_SECONDS = [
  ...[0.00002, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2],
] as const;
/** Seconds: how late a timer comes. */
export const LAG_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1] as const;

const METHOD = ["grpc_type", "grpc_service", "grpc_method"] as const;

const counter = (help: string, ...labels: string[]): Family => ({ kind: "counter", help, labels });
const gauge = (help: string, ...labels: string[]): Family => ({ kind: "gauge", help, labels });
const histogram = (help: string, buckets: readonly number[], ...labels: string[]): Family => ({
  kind: "histogram",
  help,
  labels,
  buckets,
});

export const CATALOGUE = {
  // Calls. Names and labels are those of go-grpc-middleware's Prometheus provider, with the transport beside them.
  grpc_server_started_total: counter("Calls that began.", ...METHOD, "transport"),
  grpc_server_handled_total: counter(
    "Calls that ended, by their status.",
    ...METHOD,
    "grpc_code",
    "transport",
  ),
  grpc_server_msg_received_total: counter("Request messages that came.", ...METHOD, "transport"),
  grpc_server_msg_sent_total: counter("Response messages that were sent.", ...METHOD, "transport"),
  grpc_server_msg_received_bytes_total: counter(
    "Bytes of request messages, uncompressed.",
    ...METHOD,
    "transport",
  ),
  grpc_server_msg_sent_bytes_total: counter(
    "Bytes of response messages, uncompressed.",
    ...METHOD,
    "transport",
  ),
  grpc_server_in_flight: gauge("Calls under way.", ...METHOD, "transport"),
  grpc_server_handling_seconds: histogram(
    "From a call's headers to its status, in seconds; a stream counts when it ends.",
    CALL_SECONDS,
    ...METHOD,
  ),

  // Connections
  gatehouse_connections: gauge(
    "Open connections; by http: those that the gateway has in memory, one for each HTTP connection that calls.",
    "transport",
    "protocol",
  ),
  gatehouse_connections_total: counter("Connections that were served.", "transport", "protocol"),
  gatehouse_http2_streams: gauge("Open HTTP/2 streams.", "transport", "protocol"),
  gatehouse_connection_errors_total: counter(
    "Connections that ended by an error, by its HTTP/2 code and by who began it.",
    "code",
    "origin",
  ),
  gatehouse_refusals_total: counter(
    "What a limit turned away: connections, streams, calls, messages; the limit by its name.",
    "limit",
  ),
  gatehouse_denied_total: counter("Calls that the table of who may call what refused, by its rule.", "rule"),

  // The signer, as the agent sees it
  gatehouse_signer_up: gauge("1 while the signer answers."),
  gatehouse_signer_connects_total: counter("Connections to the signer that were made."),
  gatehouse_signer_in_flight: gauge("Signatures that the agent waits for."),
  gatehouse_signer_queue_seconds: histogram(
    "From a signature's arrival at the signer until a worker took it, as the signer measured it, in seconds.",
    SIGNER_SECONDS,
    "algorithm",
  ),
  gatehouse_signer_sign_seconds: histogram(
    "A worker's time for a signature, as the signer measured it, in seconds.",
    SIGNER_SECONDS,
    "algorithm",
  ),
  gatehouse_signer_refusals_total: counter(
    "Signatures and other calls (algorithm none) that the signer refused or failed, by its reason or the status.",
    "algorithm",
    "reason",
  ),

  // The agent's process
  gatehouse_event_loop_lag_seconds: histogram(
    "How late a timer of 100 ms comes: what every call waits for besides, in seconds.",
    LAG_SECONDS,
  ),
  process_resident_memory_bytes: gauge("Memory of the agent, resident."),
  process_cpu_seconds_total: counter("CPU time of the agent, user and system, all threads, in seconds."),
  process_start_time_seconds: gauge("When the agent started, in seconds since 1970."),
  gatehouse_heap_used_bytes: gauge("V8's heap, what is used of it."),
  gatehouse_heap_total_bytes: gauge("V8's heap, what is committed."),
  gatehouse_external_memory_bytes: gauge("Memory of objects outside V8's heap: buffers."),
  gatehouse_held_bytes: gauge("Bytes of unfinished requests and unread responses, all peers together."),

  gatehouse_spans_sent_total: counter("Spans that a collector of traces took."),
  gatehouse_spans_lost_total: counter(
    "Spans, and calls that were not traced, for want of a collector, room or pace.",
  ),

  // The appliance
  gatehouse_build_info: gauge("Always 1; the versions are labels.", "version", "deno", "v8"),
  gatehouse_config_version: gauge("Number of the configuration in force."),
  gatehouse_config_unconfirmed: gauge("1 while the configuration in force waits for a confirmation."),
  gatehouse_clock_known: gauge("1 when the appliance knows the time."),
  gatehouse_unit_up: gauge("1 while a process of the appliance answers.", "unit"),
  gatehouse_certificate_not_after_seconds: gauge(
    "When a certificate in force ends, in seconds since 1970. A client's authority has its place in the file.",
    "use",
    "place",
  ),
  gatehouse_events_total: counter("Events of the appliance, as Events.Watch tells them.", "kind"),
  gatehouse_listener_connections: gauge("Open connections of an address that the agent opens.", "address"),

  // The edge, as it tells them itself. The names stand in dataplane/edge/src/metrics.rs.
  gatehouse_edge_build_info: gauge("The edge itself; always 1.", "version"),
  gatehouse_edge_connections: gauge("Open connections, in any state."),
  gatehouse_edge_connections_accepted_total: counter("Connections that got a place."),
  gatehouse_edge_connections_refused_total: counter("Connections that got no place.", "reason"),
  gatehouse_edge_connections_closed_total: counter(
    "Connections closed by the edge after their handshake.",
    "reason",
  ),
  gatehouse_edge_handshakes_total: counter("Handshakes done.", "kind"),
  gatehouse_edge_handshakes_failed_total: counter("Handshakes that were not done.", "reason"),
  gatehouse_edge_handshakes_waiting: gauge("Connections that wait for their turn."),
  gatehouse_edge_bytes_total: counter("Plain bytes: in is towards the agent.", "direction"),
  gatehouse_edge_queued_bytes: gauge("Bytes that somebody hasn't taken yet."),
  gatehouse_edge_listeners: gauge("Addresses, by whether they are listened on.", "state"),
  gatehouse_edge_config_loads_total: counter("Configurations, by whether they were taken.", "result"),
  gatehouse_edge_certificate_not_after_seconds: gauge("When the server's certificate ends, since 1970."),
} as const satisfies Record<string, Family>;

export type FamilyName = keyof typeof CATALOGUE;
