// The agent as a whole: configuration and a signer in, listeners that answer
// out. The only place that composes; it must know nothing of a wire format.
import type { ConnectionRecord } from "../grpc/server.ts";
import { EventKind } from "../proto/mod.ts";
import { accessApplier, logApplier, telemetryApplier } from "./appliers.ts";
import type { Config } from "./config/mod.ts";
import { ConfigControl } from "./config_store/control.ts";
import { LiveParts, type Prepared } from "./config_store/live_parts.ts";
import { Doors, type OpenDoor } from "./doors.ts";
import { EdgeApplier } from "./edge/edge_applier.ts";
import { Gateway } from "../gateway/gateway.ts";
import { Generations } from "./generations.ts";
import { type CallLog, callLogger, errorText, type Logger } from "./log/mod.ts";
import type { AgentOptions } from "./options.ts";
import { makeParts, type Parts } from "./parts.ts";
import { agentPlaces, edgeAddresses, edgeGatewayAddresses, type Place } from "./places.ts";
import { addServices, type AgentView } from "./services.ts";
import { VERSION } from "./version.ts";

export type { AgentOptions, EdgeOptions } from "./options.ts";

export class Agent {
  readonly #options: AgentOptions;
  readonly #parts: Parts;
  readonly #generations: Generations;
  readonly #gateway: Gateway;
  readonly #doors: Doors;
  readonly #live: LiveParts;
  readonly #control: ConfigControl;
  readonly #startedMs = performance.now();
  readonly #view: AgentView = {
    doors: () => this.doors,
    edge: () => {
      const { edge } = this.#options;
      return {
        addresses: edge ? edgeAddresses(this.#control.config, edge) : [],
        backSocket: edge?.backSocket,
        gatewayAddresses: edge ? edgeGatewayAddresses(this.#control.config, edge) : [],
        gatewayBackSocket: edge?.gatewayBackSocket,
      };
    },
    configVersion: () => this.#control,
    uptimeMs: () => performance.now() - this.#startedMs,
  };
  #callLog: CallLog;

  private constructor(options: AgentOptions, parts: Parts) {
    const { log, kept, edge } = options;
    const { config } = kept.content;
    this.#options = options;
    this.#parts = parts;
    this.#callLog = callLogFor(parts, config);
    this.#generations = new Generations(config, {
      hooks: {
        admit: parts.authority.admit,
        tracer: parts.tracing,
        onCall: (record) => this.#callLog(record),
        onConnection: connectionLog(log.component("connections")),
        observer: parts.metrics.server,
      },
      addServices: (server, config) => addServices(server, parts, config, this.#view),
    });
    parts.metrics.observeAppliance({
      ...this.#view,
      watching: parts.watching,
      eventCounts: () => parts.events.counts,
      denials: parts.authority.denials,
      heldBytes: () => this.#generations.heldBytes,
    });
    this.#gateway = new Gateway({
      server: this.#generations,
      config: parts.config,
      log: log.component("gateway"),
      limited: (limit) => parts.metrics.server.limited(limit),
    });
    this.#doors = new Doors({
      log: log.component("agent"),
      serve: (conn, service) =>
        service === "gateway" ? this.#gateway.handle(conn) : this.#generations.handle(conn),
      handshakeTimeoutMs: () => parts.config().limits.handshake_timeout_ms,
    });
    this.#live = new LiveParts(
      { prepare: (next, retry) => this.#prepare(next, retry) },
      [
        logApplier(log),
        accessApplier(parts.authority),
        telemetryApplier(parts.tracing, parts.metricsPush),
        ...options.appliers ?? [],
        ...edge === undefined ? [] : [new EdgeApplier(edge, log.component("edge"))],
        parts.watching.certificates,
      ],
      log.component("config"),
    );
    this.#control = new ConfigControl(kept.content, kept.state, {
      store: kept.store,
      live: this.#live,
      log: log.component("config"),
      emit: parts.emit,
      clock: parts.watching.clock,
      now: parts.now,
      hasEdge: edge !== undefined,
    });
  }

  /** @throws Error when an address can't be listened on (strict), or none can. */
  static async start(options: AgentOptions): Promise<Agent> {
    const { kept, strict } = options;
    const made: { control?: ConfigControl } = {};
    const agent = new Agent(options, await makeParts(options, () => made.control));
    made.control = agent.#control;
    try {
      await agent.#live.start(kept.content, strict);
    } catch (error) {
      await agent.shutdown();
      throw error;
    }
    agent.#parts.emit(EventKind.STARTED, "the agent has started", { version: VERSION });
    for (const event of kept.events) agent.#parts.emit(...event);
    return agent;
  }

  /** Where it listens for gRPC, with the ports that the kernel chose. */
  get addresses(): string[] {
    return this.#addressesOf("grpc");
  }

  /** The same of the gateway. */
  get gatewayAddresses(): string[] {
    return this.#addressesOf("gateway");
  }

  #addressesOf(service: Place["service"]): string[] {
    return this.doors.filter(({ place }) => place.service === service).map(({ address }) => address);
  }

  get doors(): readonly OpenDoor[] {
    return this.#doors.open;
  }

  /** Says so by health, lets calls finish, then closes every connection. */
  async shutdown(): Promise<void> {
    const { health, emit, events, metrics, metricsPush, tracing, watching } = this.#parts;
    emit(EventKind.STOPPING, "the agent stops");
    health.drain();
    events.close();
    metrics.stop();
    await watching.stop();
    await this.#control.close();
    const closed = this.#doors.close();
    const graceMs = this.#control.config.limits.shutdown_grace_ms;
    await Promise.all([this.#gateway.shutdown(graceMs), this.#generations.shutdown(graceMs), closed]);
    metricsPush.stop();
    await tracing.close();
    this.#callLog.close();
  }

  /** As for gRPC: whoever came by an address that goes is to go too. */
  #renewGateway(before: Config, next: Config): void {
    const { addresses } = before.gateway;
    if (addresses.every((address) => next.gateway.addresses.includes(address))) return;
    void this.#gateway.renew(next.limits.shutdown_grace_ms); // it never rejects
  }

  async #prepare(next: Config, retry: boolean): Promise<Prepared> {
    const replace = this.#generations.prepare(next);
    const opened = await this.#doors.prepare({
      places: agentPlaces(next, this.#options.edge),
      insecureTcp: next.listen.insecure_tcp,
      retry,
    });
    return {
      commit: () => {
        this.#renewGateway(this.#parts.config(), next);
        replace();
        opened.commit();
        this.#callLog.close();
        this.#callLog = callLogFor(this.#parts, next);
      },
      abort: opened.abort,
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
