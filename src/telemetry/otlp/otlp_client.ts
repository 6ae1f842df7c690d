// OTLP/gRPC to one collector over a channel of ours, so that a Unix socket or VSOCK will do (opentelemetry-proto,
// collector/trace/v1 and collector/metrics/v1). Must never wait for a collector that isn't there.
import { status } from "@grpc/grpc-js";
import type { Buffer } from "node:buffer";
import { Channel } from "../../grpc/channel.ts";
import { type ClientMethod, GrpcError, unary } from "../../grpc/client.ts";
import type { Dial } from "../../grpc/conn.ts";
import { retryAfterIn } from "../../services/refusal.ts";

/** For one export, as OTLP's own default (OTEL_EXPORTER_OTLP_TIMEOUT). */
const EXPORT_TIMEOUT_MS = 10_000;
/** A collector that is back is found within this. */
const MAX_BACKOFF_MS = 5_000;
/** An answer says how many were refused and why. */
const MAX_ANSWER_BYTES = 64 * 1024;

export type Signal = "trace" | "metrics";

const METHODS: Record<Signal, ClientMethod<Uint8Array, Buffer>> = {
  trace: bytesMethod("/opentelemetry.proto.collector.trace.v1.TraceService/Export"),
  metrics: bytesMethod("/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"),
};

export class OtlpClient {
  readonly #channel: Channel;
  readonly #closing = new AbortController();

  constructor(readonly address: string, dial: Dial) {
    this.#channel = new Channel([{ address, dial }], {
      maxReceiveMessageBytes: MAX_ANSWER_BYTES,
      maxBackoffMs: MAX_BACKOFF_MS,
    });
  }

  /** Sends one export request, serialized. @returns the answer's bytes @throws GrpcError */
  export(signal: Signal, request: Uint8Array): Promise<Uint8Array> {
    return unary(this.#channel, METHODS[signal], request, {
      deadlineMs: EXPORT_TIMEOUT_MS,
      signal: this.#closing.signal,
    });
  }

  close(): void {
    this.#closing.abort();
    this.#channel.close();
  }
}

const PASSING: ReadonlySet<status> = new Set([
  status.CANCELLED,
  status.DEADLINE_EXCEEDED,
  status.ABORTED,
  status.OUT_OF_RANGE,
  status.UNAVAILABLE,
  status.DATA_LOSS,
]);

/** Whether the same may be sent again (OTLP's table of retryable codes); `afterMs` when the collector says so. */
export function mayRetry(error: unknown): { readonly afterMs: number } | undefined {
  if (!(error instanceof GrpcError)) return undefined;
  const afterMs = retryAfterIn(error.metadata);
  if (PASSING.has(error.code)) return { afterMs };
  return error.code === status.RESOURCE_EXHAUSTED && afterMs > 0 ? { afterMs } : undefined;
}

function bytesMethod(path: string): ClientMethod<Uint8Array, Buffer> {
  return { path, requestSerialize: (bytes) => bytes, responseDeserialize: (bytes) => bytes };
}
