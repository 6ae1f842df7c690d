// How long a caller's connection may live, be idle or be silent, and how often it may ping.
// Must never act: upkeep.ts and ping_strikes.ts do. Terms and shape are gRPC's (grpc/grpc doc/keepalive.md, gRFC A8, A9).

/** All times in milliseconds; Infinity turns a rule off. */
export interface ConnectionPolicy {
  /** After so much silence of the peer it is asked for a sign of life (PING). */
  readonly keepaliveTimeMs: number;
  /** From that PING to the end of a connection on which nothing comes. */
  readonly keepaliveTimeoutMs: number;
  /** Least time between two PINGs of the peer with no answer of a call between them; sooner is a strike. */
  readonly minPingIntervalMs: number;
  /** Without: a peer that has no call open may ping every two hours only. */
  readonly permitPingsWithoutCalls: boolean;
  /** A connection without a call for so long is told to go away. */
  readonly maxIdleMs: number;
  /** After so long, 10% more or less, a connection is told to go away: its calls end, new ones come elsewhere. */
  readonly maxAgeMs: number;
  /** From the GOAWAY for age to the end of calls that still run. */
  readonly maxAgeGraceMs: number;
  /** In which each unfinished request has to bring REQUEST_STALL_MIN_BYTES. */
  readonly requestStallTimeoutMs: number;
}

export const DEFAULT_POLICY: ConnectionPolicy = {
  // Half-open connections hold one of few places; gRPC's two hours suit servers that have more.
  keepaliveTimeMs: 60_000,
  keepaliveTimeoutMs: 20_000,
  // gRPC's five minutes would end clients of servers that know no such rule, which ping every few seconds.
  minPingIntervalMs: 1_000,
  permitPingsWithoutCalls: true,
  maxIdleMs: Infinity,
  maxAgeMs: Infinity,
  maxAgeGraceMs: Infinity,
  requestStallTimeoutMs: 60_000,
};
