// What lives as long as the agent, whatever becomes of its configuration: every service is made of these.
// Must never hold what belongs to one generation of the server.
import type { Signer } from "../signer/signer.ts";
import { Health } from "../services/health.ts";
import type { Config } from "./config/mod.ts";
import type { EmitEvent } from "./event_sink.ts";
import { logEvents } from "./log_events.ts";
import { instanceId, prepareStateDir } from "./instance_id.ts";
import type { Log } from "./log/mod.ts";
import type { AgentOptions } from "./options.ts";

export interface Parts {
  readonly instanceId: string;
  readonly startedAtMs: number;
  readonly signer: Signer;
  readonly log: Log;
  readonly emit: EmitEvent;
  readonly health: Health;
  /** The configuration in force. Ask each time: it changes while the agent runs. */
  readonly config: () => Config;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** @throws Error when the state directory can't be used */
export async function makeParts(options: AgentOptions, config: () => Config): Promise<Parts> {
  const { signer, log, stateDir } = options;
  await prepareStateDir(stateDir);
  return {
    instanceId: options.instanceId ?? await instanceId(stateDir),
    startedAtMs: Date.now(),
    signer,
    log,
    emit: logEvents(log.component("events")),
    health: new Health(signer),
    config,
    now: Date.now,
  };
}
