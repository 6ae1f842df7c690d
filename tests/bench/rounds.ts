// The measurements, side after side in rounds: what the machine does meanwhile hits all of them alike.
import { note } from "../../src/cli/output.ts";
import { h2load } from "../lib/tools.ts";
import { type Load, measure, type Measured } from "./generator.ts";
import { h2loadRate } from "./h2load.ts";
import type { CompareOptions } from "./options.ts";
import {
  type CallCell,
  type Ceiling,
  type Figures,
  figures,
  type Growth,
  type OpenCell,
  type Row,
  type StreamCell,
} from "./results.ts";
import { type RunningServer, startServer } from "./server.ts";

/** Before each measurement; what runs for the first time has had its own, longer one. */
const WARMUP_SECONDS = 0.3;
/** Until the optimising compiler of a side in JavaScript has seen what it will see. */
const FIRST_WARMUP_SECONDS = 2;
const STREAM_BYTES = [64, 16 * 1024, 1024 * 1024] as const;
/** Open loops are measured where calls queue, and where they don't. */
const OPEN_COLUMNS = ["8x1", "8x32"];
const OPEN_SHARE = 0.5;
/** Calls between two readings of the memory. */
const GROWTH_STEP = 1_000_000;
const GROWTH_COLUMN = "8x32";

export class Rounds {
  readonly #started = performance.now();

  /** @param missing gets what can't be measured, with its reason */
  constructor(
    private readonly servers: readonly RunningServer[],
    private readonly options: CompareOptions,
    private readonly dir: string,
    private readonly missing: string[],
  ) {}

  async warmUp(): Promise<void> {
    this.#say("warming up");
    for (const server of this.servers) {
      for (const form of this.options.forms) {
        for (const column of ["8x32", "1x1"]) {
          await measure(
            server,
            this.#load({ column, form, seconds: 0.1, warmupSeconds: FIRST_WARMUP_SECONDS / 2 }),
          );
        }
      }
    }
  }

  async calls(): Promise<Row<CallCell>[]> {
    const rows: Row<CallCell>[] = [];
    for (const transport of this.options.transports) {
      for (const form of this.options.forms) {
        for (const column of this.options.columns) {
          const cell = { transport, form, column };
          rows.push(await this.#row(cell, `${column}, ${form}, ${transport}`, this.servers, cell));
        }
      }
    }
    return rows;
  }

  async streams(): Promise<Row<StreamCell>[]> {
    const serving = this.servers.filter(({ side }) => side.streams);
    this.#say("warming up for streams");
    for (const server of serving) {
      for (const mode of ["bidi", "flow"] as const) {
        const stream = { mode, payloadBytes: STREAM_BYTES[1] };
        await measure(server, this.#load({ stream, seconds: 0.1, warmupSeconds: FIRST_WARMUP_SECONDS / 2 }));
      }
    }
    const rows: Row<StreamCell>[] = [];
    for (const transport of this.options.transports) {
      for (const mode of ["bidi", "flow"] as const) {
        for (const payloadBytes of STREAM_BYTES) {
          const cell = { transport, mode, payloadBytes };
          const load = { transport, column: "1x1", stream: { mode, payloadBytes } };
          rows.push(await this.#row(cell, `${mode} of ${payloadBytes} bytes, ${transport}`, serving, load));
        }
      }
    }
    return rows;
  }

  /** At half of what the slower of the two takes: both then have the same work. */
  async open(): Promise<Row<OpenCell>[]> {
    const pair = this.servers.filter(({ side }) => side.name === "engine" || side.name === "tonic");
    if (pair.length < 2) return [];
    const rows: Row<OpenCell>[] = [];
    for (const form of this.options.forms) {
      for (const column of OPEN_COLUMNS) {
        const cell = { transport: "tcp", form, column } as const;
        const saturation = await this.#row(cell, `${column}, ${form}, saturation`, pair, cell);
        const rate = Math.round(
          Math.min(...Object.values(saturation.sides).map((each) => each.rate)) * OPEN_SHARE,
        );
        const load = { ...cell, rate, seconds: this.options.seconds * 2 };
        rows.push(
          await this.#row({ ...cell, rate }, `${column}, ${form}, ${rate} calls a second`, pair, load),
        );
      }
    }
    return rows;
  }

  /** On fresh processes: what came before must not have grown them already. */
  async growth(): Promise<Growth[]> {
    const found: Growth[] = [];
    for (
      const { side } of this.servers.filter(({ side }) => side.name === "engine" || side.name === "agent")
    ) {
      this.#say(`${side.name}: ${this.options.growthCalls / 1e6} million calls`);
      const server = await startServer(side, `${this.dir}/growth-${side.name}`);
      try {
        const load = this.#load({ column: GROWTH_COLUMN, form: "varying" });
        const { rss_bytes } = await measure(server, {
          ...load,
          requests: this.options.growthCalls,
          rssEvery: GROWTH_STEP,
        });
        found.push({ side: side.name, rssBytes: rss_bytes });
      } finally {
        await server.stop();
      }
    }
    return found;
  }

  async ceilings(): Promise<Ceiling[]> {
    const tool = await h2load();
    if ("reason" in tool) {
      this.missing.push(`h2load: ${tool.reason}`);
      return [];
    }
    const found: Ceiling[] = [];
    for (const server of this.servers.filter(({ side }) => side.name === "frames" || side.name === "tonic")) {
      for (const column of ["1x1", "4x100"]) {
        this.#say(`${server.side.name}, ${column}, beside h2load`);
        const { rate, generator_cpu_share } = await measure(server, this.#load({ column }));
        found.push({
          side: server.side.name,
          column,
          ours: rate,
          h2load: await h2loadRate(server, column, this.options.seconds, this.dir),
          ceiling: rate / generator_cpu_share,
        });
      }
    }
    return found;
  }

  /** Resident memory at the end of the calls. */
  rssOf(calls: readonly Row<CallCell>[]): Record<string, number> {
    const last = calls.at(-1)?.sides ?? {};
    return Object.fromEntries(Object.entries(last).map(([name, { rssBytes }]) => [name, rssBytes]));
  }

  async #row<Cell>(
    cell: Cell,
    title: string,
    servers: readonly RunningServer[],
    load: Partial<Load>,
  ): Promise<Row<Cell>> {
    this.#say(title);
    const runs = new Map<string, Measured[]>();
    for (let round = 0; round < this.options.rounds; round++) {
      for (const server of servers) {
        const measured = await measure(server, this.#load(load));
        runs.set(server.side.name, [...runs.get(server.side.name) ?? [], measured]);
      }
    }
    const sides: Record<string, Figures> = {};
    for (const [name, each] of runs) sides[name] = figures(each);
    return { cell, sides };
  }

  #load(load: Partial<Load>): Load {
    const { seconds } = this.options;
    return {
      transport: "tcp",
      column: "1x1",
      form: "constant",
      seconds,
      warmupSeconds: WARMUP_SECONDS,
      ...load,
    };
  }

  #say(what: string): void {
    note(`${((performance.now() - this.#started) / 1000).toFixed(0).padStart(4)} s  ${what}`);
  }
}
