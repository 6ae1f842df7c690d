// A bench's report as JSON: what --json prints, --output writes and --compare reads. docs/bench.md describes it.
// A change that an old reader would misread takes a new SCHEMA_VERSION.
import { z } from "zod";
import { SERVICES } from "./options.ts";

export const SCHEMA_VERSION = 1;

const count = z.number().int().nonnegative();
const amount = z.number().nonnegative();

const latencySchema = z.object({
  mean: amount,
  p50: amount,
  p90: amount,
  p99: amount,
  p99_9: amount,
  p99_99: amount,
  max: amount,
});

const serviceSchema = z.object({
  service: z.enum(SERVICES),
  /** Measured calls: those that ended OK and those that didn't. */
  calls: count,
  ok: count,
  failed: count,
  /** By the status' name; WRONG_ANSWER and NOT_SENT are the bench's own. */
  errors: z.record(z.string(), z.object({ count, first: z.string() })),
  elapsed_s: amount,
  /** Calls that ended OK, a second. */
  rate: amount,
  /** Open loop: calls that started more than 1 ms after their time. */
  late_starts: z.object({ count, max_us: amount }).nullable(),
  /** Of one core, the busiest client process. */
  client_cpu: amount,
  /** Microseconds, of calls that ended OK; open loop: from the intended start. */
  latency_us: latencySchema.nullable(),
  /** HdrHistogram V2, compressed, base64; microseconds. */
  histogram: z.string(),
});

const optionsSchema = z.object({
  server: z.string(),
  services: z.array(z.enum(SERVICES)),
  connections: count,
  streams: count,
  processes: count,
  rate: amount.nullable(),
  requests: count.nullable(),
  duration_ms: amount.nullable(),
  warmup_ms: amount,
  payload_bytes: count,
  timeout_ms: amount,
});

const machineSchema = z.object({
  cores: count,
  cpu: z.string(),
  os: z.string(),
  deno: z.string(),
  v8: z.string(),
  /** Of the minute before the bench: how busy others kept the machine. */
  load_average: amount,
});

export const reportSchema = z.object({
  schema_version: z.literal(SCHEMA_VERSION),
  started_at: z.string(),
  /** Ended by Ctrl-C: what was measured until then. */
  interrupted: z.boolean(),
  options: optionsSchema,
  machine: machineSchema,
  services: z.array(serviceSchema),
});

export type BenchReport = z.infer<typeof reportSchema>;
export type ServiceReport = z.infer<typeof serviceSchema>;
export type ReportOptions = z.infer<typeof optionsSchema>;
export type Machine = z.infer<typeof machineSchema>;

/** Why a text is no report; `message` says what is wrong with it. */
export class ReportError extends Error {
  override readonly name = "ReportError";
}

/** @throws ReportError */
export function parseReport(text: string): BenchReport {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ReportError(`no JSON (${error instanceof Error ? error.message : error})`);
  }
  const version = (value as { schema_version?: unknown } | null)?.schema_version;
  if (version === undefined) {
    throw new ReportError("no report of `gatehouse bench`: schema_version is missing");
  }
  if (version !== SCHEMA_VERSION) {
    throw new ReportError(`schema_version is ${version}, and this program reads ${SCHEMA_VERSION}`);
  }
  const parsed = reportSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  throw new ReportError(`${first.path.join(".")}: ${first.message}`);
}
