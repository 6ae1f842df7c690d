// What `gatehouse bench` is told: flags first, then the environment names of the seed's benchmark, then defaults.
// Must never guess: a value that can't be read ends the command, whichever of the two it came from.
import { type BenchOptions, type ServiceName, SERVICES } from "../bench/options.ts";
import { MAX_SIGN_DATA_BYTES } from "../services/crypto.ts";
import { GatehouseError } from "../vm/errors.ts";
import { wholeNumber } from "./command.ts";

/** As commander gives them: text, absent when not given. */
export interface BenchFlags {
  connections?: string;
  streams?: string;
  requests?: string;
  rate?: string;
  duration?: string;
  warmup?: string;
  service?: string;
  payload?: string;
  processes?: string;
  threads?: string;
  output?: string;
}

/** The seed's names. SERVER_ADDR is read in bench.ts, together with what every command knows. */
const ENVIRONMENT = {
  connections: "CONNECTIONS",
  processes: "THREADS",
  requests: "REQUESTS",
  rate: "RATE_LIMIT",
  service: "SERVICE",
  duration: "DURATION",
  output: "BENCHMARK_OUTPUT",
} as const satisfies Partial<Record<keyof BenchFlags, string>>;

export const DEFAULTS = {
  connections: "8",
  streams: "1",
  duration: "10s",
  warmup: "2s",
  service: "echo",
  payload: "18",
  processes: "1",
} as const satisfies BenchFlags;

/** What one server of ours takes (src/grpc/limits.ts), with room; more is a typing mistake. */
const MAX_CONNECTIONS = 10_000;
/** HTTP/2 servers allow hundreds; the client's own queue ends at 10,000. */
const MAX_STREAMS = 10_000;
const MAX_PROCESSES = 256;
const MAX_REQUESTS = 1e12;
/** Several times what a server here answers; counting the calls of a higher one would take all of the client's time. */
const MAX_RATE = 1_000_000;
const MAX_DURATION_MS = 7 * 24 * 3600 * 1000;

export interface ToldOptions {
  options: Omit<BenchOptions, "server" | "timeoutMs">;
  output?: string;
  /** The environment's names that counted, with their values: nobody should wonder where they came from. */
  fromEnvironment: string[];
}

/**
 * @param env one variable's value; an empty one counts as absent
 * @throws GatehouseError naming the flag or the variable
 */
export function benchOptions(flags: BenchFlags, env: (name: string) => string | undefined): ToldOptions {
  const fromEnvironment: string[] = [];
  /** The text of an option, and what to call it in an error. */
  const told = (name: keyof typeof ENVIRONMENT): { text: string; from: string } | undefined => {
    const flag = flags[name] ?? (name === "processes" ? flags.threads : undefined);
    if (flag !== undefined) return { text: flag, from: `--${name}` };
    const text = env(ENVIRONMENT[name]);
    if (text === undefined || text === "") return undefined;
    fromEnvironment.push(`${ENVIRONMENT[name]}=${text}`);
    return { text, from: ENVIRONMENT[name] };
  };
  const orDefault = (name: keyof typeof ENVIRONMENT & keyof typeof DEFAULTS) =>
    told(name) ?? { text: DEFAULTS[name], from: `--${name}` };
  const number = ({ text, from }: { text: string; from: string }, min: number, max: number) =>
    wholeNumber(from, text, min, max);

  const connections = number(orDefault("connections"), 1, MAX_CONNECTIONS);
  const processes = number(orDefault("processes"), 1, MAX_PROCESSES);
  if (processes > connections) {
    throw new GatehouseError(
      "bad-argument",
      `${processes} processes for ${connections} connections: some would have none`,
      "give --connections at least as many as --processes",
    );
  }
  const requests = told("requests");
  const rate = told("rate");
  const duration = told("duration");
  const service = orDefault("service");
  return {
    options: {
      connections,
      streams: wholeNumber("--streams", flags.streams ?? DEFAULTS.streams, 1, MAX_STREAMS),
      processes,
      requests: requests && number(requests, 1, MAX_REQUESTS),
      rate: rate && parseRate(rate.from, rate.text),
      // A number of calls is a bound of its own: only without one is there a default duration.
      durationMs: duration === undefined && requests !== undefined
        ? undefined
        : parseDuration(duration?.from ?? "--duration", duration?.text ?? DEFAULTS.duration, 1),
      warmupMs: parseDuration("--warmup", flags.warmup ?? DEFAULTS.warmup, 0),
      services: parseServices(service.from, service.text),
      payloadBytes: wholeNumber("--payload", flags.payload ?? DEFAULTS.payload, 0, MAX_SIGN_DATA_BYTES),
    },
    output: told("output")?.text,
    fromEnvironment,
  };
}

const UNIT_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `500ms`, `30s`, `2m`, `1h`, fractions too; a bare number is seconds. Milliseconds. @throws GatehouseError */
export function parseDuration(option: string, text: string, minMs: number): number {
  const match = /^([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)?$/.exec(text.trim());
  const durationMs = match === null ? NaN : Number(match[1]) * UNIT_MS[match[2] ?? "s"];
  if (!(durationMs >= minMs && durationMs <= MAX_DURATION_MS)) {
    throw new GatehouseError(
      "bad-argument",
      `${option} ${text}: no duration from ${minMs} ms to 168h`,
      `write ${option} as 30s, 500ms, 2m or 1h`,
    );
  }
  return durationMs;
}

/** Calls a second; 0 is none, which is the closed loop. */
function parseRate(option: string, text: string): number | undefined {
  const rate = /^[0-9]+(\.[0-9]+)?$/.test(text.trim()) ? Number(text) : NaN;
  if (!(rate >= 0 && rate <= MAX_RATE)) {
    throw new GatehouseError(
      "bad-argument",
      `${option} ${text}: no number of calls a second`,
      `give ${option} a number, such as 1000 or 0.5; without it calls follow each other at once`,
    );
  }
  return rate === 0 ? undefined : rate;
}

function parseServices(option: string, text: string): readonly ServiceName[] {
  if (text === "all") return SERVICES;
  const service = SERVICES.find((name) => name === text.replaceAll("-", "_"));
  if (service !== undefined) return [service];
  throw new GatehouseError(
    "bad-argument",
    `${option} ${text}: no such service`,
    `choose ${SERVICES.join(", ")} or all`,
  );
}
