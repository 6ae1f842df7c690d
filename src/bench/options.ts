// What one benchmark is told to do, after flags and environment are read (src/cli/bench_options.ts).
// Must hold plain values only: it goes to child processes as it is. Into the report goes all but `tls`.
import type { TlsClientOptions } from "../transport/tls_material.ts";

export const SERVICES = ["echo", "rsa_sign", "ecc_sign"] as const;
export type ServiceName = typeof SERVICES[number];

export interface BenchOptions {
  /** Addresses separated by commas; each connection tries them in order. */
  readonly server: string;
  /** For tls:// addresses. */
  readonly tls?: TlsClientOptions;
  /** One after the other, each with its own warm-up. */
  readonly services: readonly ServiceName[];
  /** Over all processes. */
  readonly connections: number;
  /** Calls in flight a connection, at most. */
  readonly streams: number;
  readonly processes: number;
  /** Calls a second over all connections (open loop); absent: the next call starts when one ends (closed loop). */
  readonly rate?: number;
  /** Ends after so many measured calls of a service, over all processes. */
  readonly requests?: number;
  /** Ends after so long, warm-up not counted. At least one of the two is there. */
  readonly durationMs?: number;
  /** The same load before the measurement, left out of every figure. */
  readonly warmupMs: number;
  /** Echo's text, or the data to sign. */
  readonly payloadBytes: number;
  /** Deadline of each call. */
  readonly timeoutMs: number;
}
