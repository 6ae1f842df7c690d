// One process's part of a bench: its connections, and one run for each service when it is told to start.
// Must never start before the moment that all processes were given.
import process from "node:process";
import { systemClock } from "../grpc/clock.ts";
import { pollingAlarm } from "./alarm.ts";
import { closedLoop } from "./closed_loop.ts";
import { Connections } from "./connections.ts";
import { openLoop } from "./open_loop.ts";
import type { BenchOptions, ServiceName } from "./options.ts";
import { Schedule } from "./schedule.ts";
import { lanesOf, requestsOf } from "./share.ts";
import type { Span } from "./slot.ts";
import { Tally, type TallyData, type Tick } from "./tally.ts";
import { workloadFor } from "./workload.ts";

/** How often a run tells what it did since. */
const TICK_MS = 1_000;

export interface RunResult {
  readonly tally: TallyData;
  /** Share of one core that this process used, warm-up included. */
  readonly cpu: number;
}

/** In this process or in a child: the same to the one who asks. */
export interface Worker {
  /** @throws GrpcError when a connection can't be had */
  connect(): Promise<void>;
  /**
   * @param startEpochMs when the warm-up begins, milliseconds since 1970, the same for all processes
   * @param signal ends the run at once, with what was measured until then
   */
  run(
    service: ServiceName,
    startEpochMs: number,
    onTick: (tick: Tick) => void,
    signal: AbortSignal,
  ): Promise<RunResult>;
  close(): Promise<void>;
}

export class LocalWorker implements Worker {
  readonly #lanes: readonly number[];
  readonly #connections: Connections;

  /**
   * @param index of this process, from 0
   * @throws AddressError
   */
  constructor(private readonly options: BenchOptions, private readonly index = 0) {
    this.#lanes = lanesOf(index, options.processes, options.connections);
    this.#connections = new Connections(options.server, this.#lanes, options.tls);
  }

  async connect(): Promise<void> {
    await this.#connections.open(this.#workload(this.options.services[0]), this.options.timeoutMs);
  }

  async run(
    service: ServiceName,
    startEpochMs: number,
    onTick: (tick: Tick) => void,
    signal: AbortSignal,
  ): Promise<RunResult> {
    const { options } = this;
    const clock = systemClock;
    const startMs = clock.nowMs() + startEpochMs - clock.epochMs();
    const measureFromMs = startMs + options.warmupMs;
    const span: Span = {
      startMs,
      measureFromMs,
      endMs: measureFromMs + (options.durationMs ?? Infinity),
      timeoutMs: options.timeoutMs,
    };
    const tally = new Tally(measureFromMs);
    const lanes = this.#connections.lanes(this.#workload(service), options.streams);
    const ticking = setInterval(() => onTick(tally.tick()), TICK_MS);
    const cpuBefore = process.cpuUsage();
    const requests = options.requests ?? Infinity;
    try {
      if (options.rate === undefined) {
        const share = requests === Infinity
          ? Infinity
          : requestsOf(this.#lanes, options.connections, requests);
        await closedLoop(lanes, span, share, tally, clock, signal);
      } else {
        const schedule = new Schedule(options.rate, options.connections);
        await openLoop(lanes, span, requests, schedule, tally, clock, pollingAlarm(clock), signal);
      }
    } finally {
      clearInterval(ticking);
    }
    const used = process.cpuUsage(cpuBefore);
    const wallMs = Math.max(clock.nowMs() - startMs, 1);
    return { tally: tally.data(), cpu: (used.user + used.system) / 1000 / wallMs };
  }

  close(): Promise<void> {
    this.#connections.close();
    return Promise.resolve();
  }

  #workload(service: ServiceName) {
    return workloadFor(service, this.options.payloadBytes, this.index, this.options.processes);
  }
}
