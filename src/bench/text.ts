// A report and its progress as a person reads them: rows for a table, lines below it.
// Must never round a failure away: whatever went wrong has its line.
import type { Live } from "./bench.ts";
import type { BenchReport, ServiceReport } from "./document.ts";

/** From this share of a core on, a client process may be what limits a closed loop. */
const BUSY_CLIENT = 0.9;

export const formatRate = (rate: number): string =>
  rate.toLocaleString("en-US", { maximumFractionDigits: rate < 100 ? 1 : 0 });
export const formatMs = (us: number | undefined): string => us === undefined ? "-" : (us / 1000).toFixed(3);

export function liveLine({ warmingUp, rate, p99Us, failed }: Live): string {
  if (warmingUp) return "warming up";
  return `${formatRate(rate)}/s  p99 ${formatMs(p99Us)} ms${failed > 0 ? `  ${failed} failed` : ""}`;
}

/** Heading and one row a service, for a table; latencies in milliseconds. */
export function reportRows({ services }: BenchReport): string[][] {
  const heading = ["service", "calls", "failed", "rate/s", "mean", "p50", "p90", "p99", "p99.9", "p99.99"];
  return [
    [...heading, "max ms"],
    ...services.map(({ service, calls, failed, rate, latency_us: l }) => [
      ...[service, String(calls), String(failed), formatRate(rate)],
      ...[l?.mean, l?.p50, l?.p90, l?.p99, l?.p99_9, l?.p99_99, l?.max].map(formatMs),
    ]),
  ];
}

/** What was asked for, before the table. */
export function reportTitle({ options: o, interrupted }: BenchReport): string {
  const load = o.rate === null ? "closed loop" : `open loop at ${formatRate(o.rate)}/s`;
  const bounds = [
    o.duration_ms === null ? "" : `${o.duration_ms / 1000} s`,
    o.requests === null ? "" : `${o.requests} calls`,
  ].filter((bound) => bound !== "").join(" or ");
  const processes = o.processes === 1 ? "" : `, ${o.processes} processes`;
  return `${o.server}: ${o.connections} x ${o.streams} (connections x streams)${processes}, ${load}, ${bounds} after ` +
    `${o.warmup_ms / 1000} s of warm-up, ${o.payload_bytes} bytes${interrupted ? " (cut short)" : ""}`;
}

/** What the figures alone don't say, after the table. */
export function reportNotes(report: BenchReport): string[] {
  return report.services.flatMap((one) => [...errorNotes(one), ...limitNotes(one, report)]);
}

function errorNotes({ service, errors }: ServiceReport): string[] {
  return Object.entries(errors).map(([name, { count, first }]) =>
    `${service}: ${count} x ${name}, the first: ${first}`
  );
}

function limitNotes({ service, calls, late_starts: late, client_cpu }: ServiceReport, report: BenchReport) {
  if (late !== null) {
    if (late.count === 0) return [];
    return [
      `${service}: ${late.count} of ${calls} calls started late, by ${formatMs(late.max_us)} ms at most ` +
      "(counted in their latency): no stream was free, or this client was too slow",
    ];
  }
  if (client_cpu < BUSY_CLIENT || report.options.processes >= report.machine.cores) return [];
  return [
    `${service}: this client used ${Math.round(client_cpu * 100)}% of a core, and may be the limit; ` +
    "--processes adds more",
  ];
}
