// Runs the generator on its core and reads its report. An answer that was wrong is an error here:
// no figure of a server that errs gets into a table.
import { run } from "../lib/command.ts";
import { pinned } from "./machine.ts";
import { columnOf, type Form, type Transport } from "./options.ts";
import type { RunningServer } from "./server.ts";
import { GENERATOR } from "./sides.ts";

/** The generator's report (tests/bench/generator/src/run.rs). */
export interface Measured {
  /** Calls, or messages when streaming. */
  readonly units: number;
  readonly seconds: number;
  /** Units a second. */
  readonly rate: number;
  readonly mb_per_second: number | null;
  readonly latency_us: { p50: number; p99: number; p999: number; max: number } | null;
  /** User and system time of all the server's threads, of all its processes together, a unit. */
  readonly server_cpu_us: number;
  /** The same of each process, in the order of the server's `pids`. */
  readonly server_cpu_us_each: number[];
  /** Of one core. */
  readonly server_cpu_share: number;
  readonly server_rss_bytes: number;
  /** After each `rssEvery` units. */
  readonly rss_bytes: number[];
  /** Near 1 in a closed loop: the generator was the bottleneck. */
  readonly generator_cpu_share: number;
}

export interface Load {
  readonly transport: Transport;
  readonly column: string;
  readonly form: Form;
  readonly seconds: number;
  /** Instead of `seconds`. */
  readonly requests?: number;
  readonly warmupSeconds: number;
  /** Open loop, calls a second. */
  readonly rate?: number;
  readonly rssEvery?: number;
  readonly stream?: { mode: "bidi" | "flow"; payloadBytes: number };
}

/** Bytes of one server-streaming call, so that a call's own cost vanishes and it still ends in time. */
const FLOW_CALL_BYTES = 16 << 20;
const FLOW_CALL_MAX_MESSAGES = 10_000;

/** @throws Error when the run failed or an answer was not right */
export async function measure(server: RunningServer, load: Load): Promise<Measured> {
  const { connections, streams } = columnOf(load.column);
  const argv = [GENERATOR, server.address(load.transport), `--pid=${server.pids.join(",")}`];
  argv.push(`--connections=${connections}`, `--streams=${streams}`, `--check=${server.side.check}`);
  argv.push(`--duration=${load.seconds}`, `--warmup=${load.warmupSeconds}`);
  if (load.transport === "tcp" && server.certificates !== undefined) {
    argv.push(`--tls=${server.certificates}`);
  }
  if (load.form !== "constant") argv.push(`--vary=${load.form === "plain" ? "plain" : "indexed"}`);
  if (load.requests !== undefined) argv.push(`--requests=${load.requests}`);
  if (load.rate !== undefined) argv.push(`--rate=${load.rate}`);
  if (load.rssEvery !== undefined) argv.push(`--rss-every=${load.rssEvery}`);
  if (load.stream !== undefined) {
    const { mode, payloadBytes } = load.stream;
    const count = Math.ceil(Math.min(FLOW_CALL_BYTES / payloadBytes, FLOW_CALL_MAX_MESSAGES));
    argv.push(`--mode=${mode}`, `--payload=${payloadBytes}`, `--count=${count}`);
  }
  const [program, ...args] = pinned("generator", argv);
  const { code, out, err } = await run(program, args);
  if (code !== 0) {
    throw new Error(`${server.side.name}: the generator ended with ${code}: ${argv.join(" ")}\n${out}${err}`);
  }
  return JSON.parse(out) as Measured;
}
