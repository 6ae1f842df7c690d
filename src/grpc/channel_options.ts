// What a channel can be told, in our names and in grpc-js's.
// Must never take a value that would turn a bound off by accident: what makes no sense is refused.
import type { ChannelOptions as GrpcJsOptions } from "@grpc/grpc-js";
import type { Http2Config } from "../http2/mod.ts";
import type { KeepaliveConfig } from "./client_keepalive.ts";
import type { Clock } from "./clock.ts";
import type { Encoding } from "./compression.ts";
import { KEEPALIVE_TIMEOUT_MS } from "./limits.ts";

export interface ChannelOptions {
  /** Largest response message, bytes. Default 4 MiB. */
  readonly maxReceiveMessageBytes?: number;
  /** Largest request message, bytes; a larger one ends its call with RESOURCE_EXHAUSTED. Default: no limit here. */
  readonly maxSendMessageBytes?: number;
  /** What requests are compressed with, as long as the server reads it. Default identity. */
  readonly encoding?: Encoding;
  /** `:authority`. Default: the first address when it has a host and a port, else localhost. */
  readonly authority?: string;
  /** For one address: dial and the server's SETTINGS together. */
  readonly connectTimeoutMs?: number;
  /** Longest pause between attempts to connect, before jitter. */
  readonly maxBackoffMs?: number;
  /** Silence after which the server is asked for a sign of life. Default: it never is. */
  readonly keepaliveTimeMs?: number;
  /** From that PING to the end of the connection, unless something comes. Default 20 s. */
  readonly keepaliveTimeoutMs?: number;
  /** Asks while no call is open, too. Default false. */
  readonly keepalivePermitWithoutCalls?: boolean;
  /** Calls after which a connection gives its place to a new one; those under way end on it. */
  readonly maxCallsPerConnection?: number;
  readonly http2?: Partial<Http2Config>;
  readonly clock?: Clock;
}

/**
 * The keepalive of a channel's options; undefined when it is off.
 * @throws RangeError for times that are not positive
 */
export function keepaliveOf(options: ChannelOptions): KeepaliveConfig | undefined {
  const { keepaliveTimeMs: timeMs = Infinity, keepaliveTimeoutMs: timeoutMs = KEEPALIVE_TIMEOUT_MS } =
    options;
  for (const [name, value] of Object.entries({ keepaliveTimeMs: timeMs, keepaliveTimeoutMs: timeoutMs })) {
    if (!(value > 0)) throw new RangeError(`${name} is ${value}; give milliseconds above 0, or leave it out`);
  }
  if (timeMs === Infinity) return undefined;
  return { timeMs, timeoutMs, permitWithoutCalls: options.keepalivePermitWithoutCalls ?? false };
}

/** grpc-js's CompressionAlgorithms. */
const ENCODINGS: readonly Encoding[] = ["identity", "deflate", "gzip"];
/** What -1, "no limit", becomes: the longest message that any runtime here can hold. */
const UNLIMITED_BYTES = 0x7fff_ffff;

/**
 * A channel's options from those of grpc-js (`grpc.keepalive_time_ms` and so on). Names that mean nothing here
 * are left out, as grpc-js leaves out what it doesn't know.
 *
 * ```ts
 * const channel = new Channel(targets, fromGrpcJsOptions({ "grpc.keepalive_time_ms": 30_000 }));
 * ```
 */
export function fromGrpcJsOptions(options: GrpcJsOptions): ChannelOptions {
  const keepaliveTimeMs = options["grpc.keepalive_time_ms"];
  return {
    maxReceiveMessageBytes: lengthLimit(options["grpc.max_receive_message_length"]),
    maxSendMessageBytes: lengthLimit(options["grpc.max_send_message_length"]),
    // An unknown number is grpc-js's business to complain about; it sends plain messages then.
    encoding: ENCODINGS[options["grpc.default_compression_algorithm"] ?? 0],
    authority: options["grpc.default_authority"],
    maxBackoffMs: options["grpc.max_reconnect_backoff_ms"],
    // grpc-js says -1 for "never".
    keepaliveTimeMs: keepaliveTimeMs !== undefined && keepaliveTimeMs > 0 ? keepaliveTimeMs : undefined,
    keepaliveTimeoutMs: options["grpc.keepalive_timeout_ms"],
    keepalivePermitWithoutCalls: options["grpc.keepalive_permit_without_calls"] === 1,
  };
}

function lengthLimit(bytes: number | undefined): number | undefined {
  return bytes === -1 ? UNLIMITED_BYTES : bytes;
}
