// gatehouse.v1.Diagnostics: profiles, heap snapshots and levels of the log, of the agent alone.
// Must never hold more of a snapshot than the caller has still to read, nor look on after he went away.
import { once } from "node:events";
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  type ServerWritableStream,
  status,
} from "@grpc/grpc-js";
import { type Level, LEVELS } from "../agent/log/level.ts";
import type { Log, Logger } from "../agent/log/mod.ts";
import { DiagnosticsError, type Inspector } from "../diagnostics/inspector.ts";
import type {
  DiagnosticsChunkInit,
  GetLogLevelsRequest,
  LogLevelsInit,
  ProfileCpuRequest,
  SetLogLevelRequest,
  SnapshotHeapRequest,
} from "../proto/mod.ts";
import { invalidArgument, type Refusal, refuse } from "./refusal.ts";
import { nameOf } from "./relay.ts";

export const DIAGNOSTICS_SERVICE = "gatehouse.v1.Diagnostics";

/** A longer one says no more, and its samples are held until its end. */
export const MAX_PROFILE_SECONDS = 300;
/** Well within a message. */
const PART_BYTES = 256 * 1024;

const STATUS = {
  BUSY: status.RESOURCE_EXHAUSTED,
  HEAP_TOO_LARGE: status.FAILED_PRECONDITION,
  NOT_HERE: status.UNIMPLEMENTED,
} as const;

export interface DiagnosticsOptions {
  readonly inspector: Inspector;
  readonly log: Log;
}

type ChunkCall<Request> = ServerWritableStream<Request, DiagnosticsChunkInit>;

export function diagnosticsService({ inspector, log }: DiagnosticsOptions) {
  const own = log.component("diagnostics");

  const ProfileCpu: handleServerStreamingCall<ProfileCpuRequest, DiagnosticsChunkInit> = (call) => {
    const { seconds } = call.request;
    if (seconds < 1 || seconds > MAX_PROFILE_SECONDS) {
      const description = `${seconds}; from 1 to ${MAX_PROFILE_SECONDS} can be profiled`;
      call.emit("error", invalidArgument({ field: "seconds", description }));
      return;
    }
    return looking(call, own, "CPU profile", async (signal) => {
      const profile = await inspector.profileCpu(seconds * 1_000, signal);
      await sendText(call, profile, signal);
    });
  };

  const SnapshotHeap: handleServerStreamingCall<SnapshotHeapRequest, DiagnosticsChunkInit> = (call) =>
    looking(
      call,
      own,
      "heap snapshot",
      (signal) => inspector.snapshotHeap((part) => sendText(call, part, signal), signal),
    );

  const GetLogLevels: handleUnaryCall<GetLogLevelsRequest, LogLevelsInit> = (_call, callback) => {
    callback(null, levelsOf(log));
  };

  const SetLogLevel: handleUnaryCall<SetLogLevelRequest, LogLevelsInit> = (call, callback) => {
    const { component, level } = call.request;
    if (level !== "" && !isLevel(level)) {
      const description = `${JSON.stringify(level.slice(0, 40))} is none of ${
        LEVELS.join(", ")
      }; empty: as configured`;
      return callback(invalidArgument({ field: "level", description }));
    }
    if (!log.setLevel(component === "" ? undefined : component, level === "" ? undefined : level)) {
      const known = log.levels().components.map(({ name }) => name).join(", ");
      return callback(
        refuse(status.NOT_FOUND, "NO_SUCH_COMPONENT", `component: there is no such one; these are: ${known}`),
      );
    }
    own.info("a level of the log was changed", { component, level, by: nameOf(call) });
    callback(null, levelsOf(log));
  };

  return { ProfileCpu, SnapshotHeap, GetLogLevels, SetLogLevel };
}

/** Runs `look` for as long as the caller is there, and says in the log who looked. */
async function looking<Request>(
  call: ChunkCall<Request>,
  log: Logger,
  what: string,
  look: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const closed = new AbortController();
  call.once("close", () => closed.abort());
  try {
    log.info(`${what} begins`, { by: nameOf(call) });
    await look(closed.signal);
    if (!call.destroyed) call.end();
  } catch (error) {
    if (call.cancelled || call.destroyed) return;
    call.emit("error", refusalOf(error));
  } finally {
    log.info(`${what} ended`, { by: nameOf(call) });
  }
}

/** Waits while the caller reads. */
async function sendText<Request>(call: ChunkCall<Request>, text: string, signal: AbortSignal): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += PART_BYTES) {
    if (signal.aborted) return;
    if (!call.write({ data: bytes.subarray(at, at + PART_BYTES) })) await once(call, "drain", { signal });
  }
}

function levelsOf(log: Log): LogLevelsInit {
  const { configured, components } = log.levels();
  return { configured, components: components.map((one) => ({ ...one })) };
}

const isLevel = (text: string): text is Level => (LEVELS as readonly string[]).includes(text);

function refusalOf(error: unknown): Refusal {
  if (error instanceof DiagnosticsError) {
    return refuse(STATUS[error.reason], error.reason, error.message, error);
  }
  return refuse(status.INTERNAL, "NO_DIAGNOSIS", "it couldn't be made; the agent's log says why", error);
}
