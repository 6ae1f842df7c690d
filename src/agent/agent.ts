// The agent as a whole: configuration and a signer in, listeners that answer
// out. The only place that composes; it must know nothing of a wire format.
import type { ConnectionRecord } from "../grpc/server.ts";
import { EventKind } from "../proto/mod.ts";
import type { Config } from "./config/mod.ts";
import { Doors, type OpenDoor, type Opening } from "./doors.ts";
import { Generations } from "./generations.ts";
import { type CallLog, callLogger, errorText, type Logger } from "./log/mod.ts";
import type { AgentOptions } from "./options.ts";
import { makeParts, type Parts } from "./parts.ts";
import { agentPlaces, edgeAddresses } from "./places.ts";
import { addServices, type AgentView } from "./services.ts";
import { VERSION } from "./version.ts";

export type { AgentOptions, EdgeOptions } from "./options.ts";

export class Agent {
  readonly #options: AgentOptions;
  readonly #parts: Parts;
  readonly #generations: Generations;
  readonly #doors: Doors;
  readonly #view: AgentView = {
    doors: () => this.doors,
    edgeAddresses: () => this.#options.edge ? edgeAddresses(this.#config, this.#options.edge) : [],
    configVersion: () => ({ version: 0, confirmByMs: 0 }),
  };
  #config: Config;
  #callLog: CallLog;

  private constructor(options: AgentOptions, parts: Parts) {
    const { config, log } = options;
    this.#options = options;
    this.#parts = parts;
    this.#config = config;
    this.#callLog = callLogFor(parts, config);
    this.#generations = new Generations(config, {
      hooks: {
        admit: parts.authority.admit,
        onCall: (record) => this.#callLog(record),
        onConnection: connectionLog(log.component("connections")),
      },
      addServices: (server, config) => addServices(server, parts, config, this.#view),
    });
    this.#doors = new Doors({
      log: log.component("agent"),
      serve: (conn) => this.#generations.handle(conn),
      handshakeTimeoutMs: () => this.#config.limits.handshake_timeout_ms,
    });
  }

  /** @throws Error when an address can't be listened on (strict), or none can. */
  static async start(options: AgentOptions): Promise<Agent> {
    const agent = new Agent(options, await makeParts(options, () => options.config));
    try {
      const change = await agent.#doors.prepare(agent.#opening(options.config, !options.strict));
      change.commit();
    } catch (error) {
      await agent.shutdown();
      throw error;
    }
    agent.#parts.emit(EventKind.STARTED, "the agent has started", { version: VERSION });
    return agent;
  }

  /** Where it listens, with the ports that the kernel chose. */
  get addresses(): string[] {
    return this.doors.map(({ address }) => address);
  }

  get doors(): readonly OpenDoor[] {
    return this.#doors.open;
  }

  /** Says so by health, lets calls finish, then closes every connection. */
  async shutdown(): Promise<void> {
    const { health, emit, events, watching } = this.#parts;
    emit(EventKind.STOPPING, "the agent stops");
    health.drain();
    events.close();
    await watching.stop();
    const closed = this.#doors.close();
    await this.#generations.shutdown(this.#config.limits.shutdown_grace_ms);
    await closed;
    this.#callLog.close();
  }

  #opening(config: Config, retry: boolean): Opening {
    return {
      places: agentPlaces(config, this.#options.edge),
      insecureTcp: config.listen.insecure_tcp,
      retry,
    };
  }
}

function callLogFor({ log }: Parts, config: Config): CallLog {
  return callLogger(log.component("calls"), {
    calls: config.log.calls,
    callsPerSecond: config.log.calls_per_second,
  });
}

/** Connections that end badly or are turned away are worth a line; the others only when debugging. */
function connectionLog(log: Logger): (record: ConnectionRecord) => void {
  return ({ event, peer, error }) => {
    const fields = { transport: peer.transport, peer: peer.address, error: error && errorText(error) };
    if (event === "refused") log.warn("connection refused: too many", fields);
    else if (error) log.warn("connection ended", fields);
    else log.debug(`connection ${event}`, fields);
  };
}
