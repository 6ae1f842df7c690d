// The edge's program beside the agent, for `gatehouse serve --tls`: how it is started and told from its lines.
import { z } from "zod";
import { ProgramStartError, Supervisor } from "../processes/supervisor.ts";

export interface EdgeProcessOptions {
  readonly binary: string;
  /** Path of what it is to do, as JSON. It may come later. */
  readonly configFile: string;
  /** How many addresses it must listen on before it counts as started. */
  readonly addresses: number;
  /** Each line that it writes, and what happens to it. */
  readonly onLog: (line: string) => void;
}

export interface EdgeProcess {
  /** host:port of what it listens on now, with the ports that the kernel chose. */
  readonly addresses: readonly string[];
  /** Ends it and resolves when it is gone. Stopping twice is no error. */
  stop(): Promise<void>;
}

/** It has nothing to make nor to look up; this is for a machine that is very busy. */
const START_TIMEOUT_MS = 10_000;
/** Its own grace for connections is 5 s. */
const STOP_GRACE_MS = 6_000;

const readyLine = z.object({ message: z.literal("ready"), addresses: z.array(z.string()) });
const refusedLine = z.object({ level: z.enum(["warn", "error"]), error: z.string() });

/**
 * Starts the edge and starts it again whenever it dies.
 * @returns when it listens
 * @throws ProgramStartError when it doesn't, with its own words
 */
export async function startEdgeProcess(options: EdgeProcessOptions): Promise<EdgeProcess> {
  const { binary, configFile, onLog } = options;
  let addresses: readonly string[] = [];
  const refused = new Set<string>();
  const supervisor = new Supervisor({
    name: "edge",
    program: {
      binary,
      args: ["--config", configFile, "--stop-at-stdin-end"],
      isReady(line) {
        const value = parsed(line);
        const ready = readyLine.safeParse(value);
        if (ready.success) addresses = ready.data.addresses;
        const problem = refusedLine.safeParse(value);
        if (problem.success) refused.add(problem.data.error);
        return ready.success;
      },
    },
    startTimeoutMs: START_TIMEOUT_MS,
    stopGraceMs: STOP_GRACE_MS,
    onLog,
  });
  await supervisor.start();
  if (addresses.length < options.addresses) {
    await supervisor.stop();
    // That it goes on trying is over now.
    const why = [...refused].map((text) => text.replace(/; it is tried again every second$/, "")).join("; ");
    throw new ProgramStartError(`the edge can't listen: ${why || "it says not why"}`, 0);
  }
  return {
    get addresses() {
      return addresses;
    },
    stop: () => supervisor.stop(),
  };
}

function parsed(line: string): unknown {
  try {
    return line.startsWith("{") ? JSON.parse(line) : undefined;
  } catch {
    return undefined;
  }
}
