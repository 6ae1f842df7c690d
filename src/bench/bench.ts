// A whole bench: all processes connected, then one service after the other, their counts added up.
// Must never start a service in one process before all are ready for it.
import { LatencyHistogram } from "./histogram.ts";
import { type BenchReport, type ReportOptions, SCHEMA_VERSION, type ServiceReport } from "./document.ts";
import { describeMachine } from "./machine.ts";
import type { BenchOptions, ServiceName } from "./options.ts";
import { mergeTallies, type TallyData, type Tick } from "./tally.ts";
import type { RunResult, Worker } from "./worker.ts";

/** From the order to start to the start: longer than the order takes to reach every process. */
const START_DELAY_MS = 50;

/** How it stands, once a second. */
export interface Live {
  readonly service: ServiceName;
  /** 0 to 1 of this service; undefined when only a number of calls ends it. */
  readonly fraction: number | undefined;
  readonly warmingUp: boolean;
  /** Of the last second. */
  readonly rate: number;
  readonly p99Us: number;
  /** Since the start. */
  readonly failed: number;
}

/**
 * Connects, runs, sums up. The workers stay open.
 * @param signal ends it with what was measured until then
 * @throws GrpcError when the server can't be reached; Error when a process is lost
 */
export async function runBench(
  options: BenchOptions,
  workers: readonly Worker[],
  onLive: (live: Live) => void,
  signal: AbortSignal,
): Promise<BenchReport> {
  const startedAt = new Date().toISOString();
  const machine = describeMachine();
  await Promise.race([Promise.all(workers.map((worker) => worker.connect())), aborted(signal)]);
  const services: ServiceReport[] = [];
  for (const service of options.services) {
    if (signal.aborted) break;
    services.push(await runService(service, options, workers, onLive, signal));
  }
  return {
    schema_version: SCHEMA_VERSION,
    started_at: startedAt,
    interrupted: signal.aborted,
    options: reportOptions(options),
    machine,
    services,
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

async function runService(
  service: ServiceName,
  options: BenchOptions,
  workers: readonly Worker[],
  onLive: (live: Live) => void,
  signal: AbortSignal,
): Promise<ServiceReport> {
  const startEpochMs = Date.now() + START_DELAY_MS;
  const recent = new LatencyHistogram();
  let failed = 0;
  let ticks = 0;
  let toldMs = startEpochMs;
  const onTick = (tick: Tick) => {
    recent.add(LatencyHistogram.decode(tick.histogram));
    failed += tick.failed;
    // All processes tick at the same pace: told once each has.
    if (++ticks % workers.length !== 0) return;
    const nowMs = Date.now();
    const sinceMs = nowMs - startEpochMs;
    onLive({
      service,
      fraction: options.durationMs && Math.min(1, sinceMs / (options.warmupMs + options.durationMs)),
      warmingUp: sinceMs <= options.warmupMs,
      rate: recent.count * 1000 / Math.max(nowMs - toldMs, 1),
      p99Us: recent.percentile(99),
      failed,
    });
    toldMs = nowMs;
    recent.reset();
  };
  const results = await Promise.all(
    workers.map((worker) => worker.run(service, startEpochMs, onTick, signal)),
  );
  return serviceReport(service, options, results);
}

function serviceReport(
  service: ServiceName,
  options: BenchOptions,
  results: readonly RunResult[],
): ServiceReport {
  const tally = mergeTallies(results.map((result) => result.tally));
  const failed = Object.values(tally.errors).reduce((sum, { count }) => sum + count, 0);
  return {
    service,
    calls: tally.ok + failed,
    ok: tally.ok,
    failed,
    errors: { ...tally.errors },
    elapsed_s: round(tally.elapsedMs / 1000, 3),
    rate: rateOf(tally),
    late_starts: options.rate === undefined
      ? null
      : { count: tally.late, max_us: Math.round(tally.maxLateMs * 1000) },
    client_cpu: round(Math.max(...results.map(({ cpu }) => cpu)), 2),
    latency_us: LatencyHistogram.decode(tally.histogram).summary() ?? null,
    histogram: tally.histogram,
  };
}

const rateOf = ({ ok, elapsedMs }: TallyData) => elapsedMs <= 0 ? 0 : round(ok * 1000 / elapsedMs, 1);

const round = (value: number, digits: number) => Number(value.toFixed(digits));

function reportOptions(options: BenchOptions): ReportOptions {
  return {
    server: options.server,
    services: [...options.services],
    connections: options.connections,
    streams: options.streams,
    processes: options.processes,
    rate: options.rate ?? null,
    requests: options.requests ?? null,
    duration_ms: options.durationMs ?? null,
    warmup_ms: options.warmupMs,
    payload_bytes: options.payloadBytes,
    timeout_ms: options.timeoutMs,
  };
}
