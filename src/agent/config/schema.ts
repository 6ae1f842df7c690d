// Every key of the configuration: its type, range, default, unit and what it is for. The one place that knows.
// Must never do anything: a key is described here, used elsewhere, and works with an empty file.
import { z } from "zod";
import { LEVELS } from "../log/level.ts";
import { identityIssues, sanIssue } from "./access.ts";
import { gatewayIssues } from "./gateway.ts";
import { gateway } from "./gateway_schema.ts";
import { timeIssues } from "./network.ts";
import { network, time } from "./network_schema.ts";
import { ruled } from "./rule.ts";
import { addressIssue, collectorIssue, listenIssues, proxiedIssues, signerSocketIssue } from "./addresses.ts";

/** Addresses to listen on; each costs a descriptor and an accept loop, so more is a mistake. */
const MAX_LISTEN_ADDRESSES = 16;

/** Certificates with rights of their own; each is a comparison at a connection's first call. */
const MAX_IDENTITIES = 1_000;
/** Keys that one identity may use: the signer has a handful. */
const MAX_KEYS = 64;

const KiB = 1024;
const MiB = 1024 * KiB;

/** A whole number from `least` to `most` with its default. */
function count(byDefault: number, least: number, most: number, unit: string, description: string) {
  return z.int().min(least).max(most).default(byDefault).meta({ unit, description });
}

const address = ruled(addressIssue);

const listen = z.strictObject({
  addresses: z.array(address).min(1).max(MAX_LISTEN_ADDRESSES).default(["vsock://any:50051"]).meta({
    description:
      "Where calls come in: `tls://host:port` (mutual TLS, ended by the edge), `vsock://any:port`, `unix:///path`, " +
      "`tcp://host:port`. The last is plain text, so it may be on loopback only, unless `insecure_tcp` is set.",
  }),
  proxied: z.array(address).max(MAX_LISTEN_ADDRESSES).default([]).meta({
    description:
      "Unix sockets for a proxy that ends TLS: each connection begins with a PROXY protocol v2 header that names the " +
      "client, its TLS version and its certificate. Whoever can open such a socket is believed, so its file is for " +
      "the agent's user and group only (0660); a connection without such a header is closed.",
  }),
  insecure_tcp: z.boolean().default(false).meta({
    description: "Allows plain TCP beyond loopback. Whoever can read the network then reads every call.",
  }),
}).superRefine((section, context) => {
  const issues = [
    ...listenIssues(section.addresses, section.insecure_tcp),
    ...proxiedIssues(section.proxied, section.addresses),
  ];
  for (const issue of issues) {
    context.addIssue({ code: "custom", ...issue });
  }
}).prefault({}).meta({ description: "Where calls come in." });

const keyNames = z.array(z.string().min(1).max(64)).max(MAX_KEYS);

const identity = z.strictObject({
  san: ruled(sanIssue).meta({
    example: "dns:ci.example",
    description:
      "A name of the certificate (subject alternative name): `dns:`, `uri:`, `email:` or `ip:` and the name, compared " +
      "exactly.",
  }),
  role: z.enum(["user", "operator"]).default("user").meta({
    description:
      "`user` calls Echo, health and the keys below; `operator` also reads status, events and the configuration. " +
      "Nobody administrates over TCP.",
  }),
  keys: keyNames.default([]).meta({
    description: 'Names of the signing keys that it may use, like `"default-rsa"`; `"*"` stands for all.',
  }),
}).meta({
  description:
    "One name and what it may do. Of several that a certificate has, the first with an entry counts.",
});

const access = z.strictObject({
  default_keys: keyNames.default([]).meta({
    description:
      'Keys that a verified certificate without an entry of its own may use; `"*"` stands for all.',
  }),
  identities: z.array(identity).max(MAX_IDENTITIES).default([]).meta({
    description: "Who may do more than that.",
  }),
}).superRefine(({ identities }, context) => {
  for (const issue of identityIssues(identities.map(({ san }) => san))) {
    context.addIssue({ code: "custom", ...issue });
  }
}).prefault({}).meta({
  description:
    "What callers over TLS may do, by the names in their certificates. Callers over `vsock:` and `unix:` addresses may " +
    "use every key; administration takes an enrolled key there, whatever stands here.",
});

const limits = z.strictObject({
  max_connections: count(
    2048,
    1,
    65_535,
    "connections",
    "Open connections over all addresses, the gateway's included; further ones are closed at once. A sixteenth of them, 32 at most, is kept for VSOCK and Unix sockets. Each " +
      "holds some tens of KiB.",
  ),
  max_connections_per_peer: count(
    1024,
    1,
    65_535,
    "connections",
    "Open connections of one peer: an IPv4 address, an IPv6 network of 64 bits, a VSOCK CID, or all of a Unix " +
      "socket's clients together; behind a proxy (`listen.proxied`) the client's address counts. Lower than `max_connections`, so that one peer cannot shut out the others.",
  ),
  max_concurrent_streams: count(
    128,
    1,
    10_000,
    "streams",
    "Calls open at once on one connection (HTTP/2's SETTINGS_MAX_CONCURRENT_STREAMS). RFC 9113 advises 100 or more.",
  ),
  max_receive_message_bytes: count(
    4 * MiB,
    1 * KiB,
    64 * MiB,
    "bytes",
    "Largest message that is accepted; a larger one ends its call with RESOURCE_EXHAUSTED. The default is gRPC's.",
  ),
  max_send_message_bytes: count(
    8 * MiB,
    1 * KiB,
    128 * MiB,
    "bytes",
    "Largest message that is sent. Above `max_receive_message_bytes`, so that an answer can hold its whole request.",
  ),
  header_list_bytes: count(
    16 * KiB,
    4 * KiB,
    1 * MiB,
    "bytes",
    "Headers of one call, counted as HTTP/2 does: name, value and 32 for each (RFC 9113 section 6.5.2).",
  ),
  handshake_timeout_ms: count(
    10_000,
    100,
    600_000,
    "ms",
    "Time for a new connection to finish HTTP/2's opening, and before it for a PROXY header where one is due " +
      "(`listen.proxied`); a silent one is closed after it.",
  ),
  shutdown_grace_ms: count(
    10_000,
    0,
    600_000,
    "ms",
    "Time for the calls in flight to end when the agent stops; then they are cut. The service manager must wait longer.",
  ),
}).prefault({}).meta({ description: "What one peer, or all together, may take." });

const OFF = "0 turns it off.";

const connections = z.strictObject({
  keepalive_time_ms: count(
    60_000,
    0,
    86_400_000,
    "ms",
    `Silence after which a client is asked for a sign of life (PING). ${OFF}`,
  ),
  keepalive_timeout_ms: count(
    20_000,
    1_000,
    600_000,
    "ms",
    "Time for that sign; without one the connection is closed.",
  ),
  min_ping_interval_ms: count(
    1_000,
    0,
    86_400_000,
    "ms",
    "Least time between two PINGs of a client with no answer of a call between them. After two that come sooner " +
      "the connection ends with `too_many_pings`, as gRPC does (its own default is 300000).",
  ),
  permit_pings_without_calls: z.boolean().default(true).meta({
    description: "Lets clients ping as often with no call open; without it one in two hours.",
  }),
  max_idle_ms: count(
    0,
    0,
    2_147_483_647,
    "ms",
    `A connection without a call for so long is told to go. ${OFF}`,
  ),
  max_age_ms: count(
    0,
    0,
    2_147_483_647,
    "ms",
    `After so long, 10% more or less, a connection is told to go; its calls finish. ${OFF}`,
  ),
  max_age_grace_ms: count(
    0,
    0,
    2_147_483_647,
    "ms",
    "Time for the calls on a connection that is too old; then they are cut. 0 waits for them without end.",
  ),
  request_stall_timeout_ms: count(
    60_000,
    1_000,
    3_600_000,
    "ms",
    "In which an unfinished request has to bring 16 KiB; else its call ends with DEADLINE_EXCEEDED.",
  ),
  send_stall_timeout_ms: count(
    120_000,
    1_000,
    3_600_000,
    "ms",
    "In which a client has to take 16 KiB of an answer that waits for it; else its call, or its connection, ends.",
  ),
}).prefault({}).meta({
  description: "How long connections live, and what they owe to stay. Looked at once a second.",
});

const log = z.strictObject({
  level: z.enum(LEVELS).default("info").meta({
    description: "The least grave line that is written; `off` writes none.",
  }),
  format: z.enum(["json", "text", "auto"]).default("auto").meta({
    description:
      "`json` is one object a line, `text` is for people, `auto` is text on a terminal and JSON elsewhere.",
  }),
  calls: z.enum(["all", "errors", "off"]).default("all").meta({
    description: "Which finished calls get a line: all, those whose status is not OK, or none.",
  }),
  calls_per_second: count(
    100,
    1,
    100_000,
    "lines",
    "Most lines for calls in one second. The others are counted, and one line says how many they were. The default " +
      "stays well under the rate at which systemd's journal begins to drop a service's lines.",
  ),
}).prefault({}).meta({ description: "What the agent writes of what it does." });

const signer = z.strictObject({
  socket: ruled(signerSocketIssue).default("unix:///run/gatehouse-signer/signer.sock").meta({
    description: "The signer's Unix socket.",
  }),
  deadline_ms: count(
    5000,
    10,
    60_000,
    "ms",
    "Time for the signer to answer one request; after it the call ends with UNAVAILABLE or DEADLINE_EXCEEDED.",
  ),
}).prefault({}).meta({ description: "The process that holds the keys." });

const reflection = z.strictObject({
  enabled: z.boolean().default(true).meta({
    description: "Lets clients ask which services there are (gRPC server reflection v1 and v1alpha).",
  }),
}).prefault({}).meta({ description: "gRPC server reflection." });

const telemetry = z.strictObject({
  otlp: ruled(collectorIssue).default("").meta({
    example: "vsock://2:4317",
    description:
      "The OpenTelemetry collector that traces and metrics go to, by OTLP over gRPC: `vsock://2:port` (from a VM: its host), " +
      "`unix:///path` or `tcp://host:port`. The last is plain text. Empty: none. A collector that isn't " +
      "there costs calls nothing; its spans are lost and counted.",
  }),
  sample: z.number().min(0).max(1).default(0.01).meta({
    description:
      "The part of the calls that is traced, from 0.0 to 1.0, of those whose caller says nothing of it. A caller's " +
      "`traceparent` (W3C Trace Context) decides for his own. No more than 1000 calls a second are traced.",
  }),
  metrics_interval_s: count(
    60,
    0,
    3_600,
    "s",
    "How often that collector is sent the metrics, those of `/metrics`. 0 sends it none.",
  ),
}).prefault({}).meta({ description: "What the appliance tells of its work, and to whom." });

/** The whole file. Unknown keys are refused: a misspelt limit must not be a missing one. */
export const configSchema = z.strictObject({
  compat: z.enum(["none", "seed"]).default("none").meta({
    description:
      "`seed` gives the bytes of the seed's server to clients written for it: RSA public keys as PKCS#1 and EC " +
      "ones as a bare point (not SPKI), ECDSA signatures as r||s (not DER), and ECDSA_P384_SHA256 signing a SHA-384.",
  }),
  listen,
  gateway,
  access,
  limits,
  connections,
  log,
  signer,
  reflection,
  telemetry,
  network,
  time,
}).superRefine(({ listen, gateway, network, time }, context) => {
  for (const { path = [], ...issue } of gatewayIssues({ listen, gateway })) {
    context.addIssue({ code: "custom", ...issue, path: ["gateway", ...path] });
  }
  for (const { path = [], ...issue } of timeIssues(time.servers, network.dns)) {
    context.addIssue({ code: "custom", ...issue, path: ["time", ...path] });
  }
});

/** The configuration with every default filled in; names are those of the file. */
export type Config = z.output<typeof configSchema>;
