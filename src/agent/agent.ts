// The agent as a whole: configuration and a signer in, listeners that answer
// out. The only place that composes; it must know nothing of a wire format.
import { type ConnectionRecord, Server } from "../grpc/server.ts";
import type { Http2Config } from "../http2/mod.ts";
import type { Listener } from "../grpc/conn.ts";
import type { ConnectionPolicy } from "../grpc/connection_policy.ts";
import { type Address, formatAddress } from "../transport/address.ts";
import { listen } from "../transport/listen.ts";
import { checkPlainTcp } from "../transport/plain_tcp.ts";
import { proxied } from "../transport/proxied.ts";
import type { Config } from "./config/mod.ts";
import { type CallLog, callLogger, errorText, type Logger } from "./log/mod.ts";
import type { AgentOptions } from "./options.ts";
import { makeParts, type Parts } from "./parts.ts";
import { agentPlaces, type Place } from "./places.ts";
import { addServices } from "./services.ts";

export type { AgentOptions, EdgeOptions } from "./options.ts";

/** How long a listener that failed waits before it tries again: VSOCK's module may come after us. */
const LISTEN_RETRY_MS = 2_000;

/** A proxy's socket: whoever opens it is believed, so nobody but the agent's user and group may. */
const PROXIED_MODE = 0o660;

export class Agent {
  readonly #options: AgentOptions;
  readonly #log: Logger;
  readonly #callLog: CallLog;
  readonly #server: Server;
  readonly #parts: Parts;
  readonly #listeners: Listener[] = [];
  readonly #serving: Promise<void>[] = [];
  readonly #retries = new Set<ReturnType<typeof setTimeout>>();
  #stopping = false;

  private constructor(options: AgentOptions, parts: Parts) {
    const { config, log } = options;
    this.#options = options;
    this.#parts = parts;
    this.#log = log.component("agent");
    this.#callLog = callLogger(log.component("calls"), {
      calls: config.log.calls,
      callsPerSecond: config.log.calls_per_second,
    });
    this.#server = new Server({
      maxReceiveMessageBytes: config.limits.max_receive_message_bytes,
      maxSendMessageBytes: config.limits.max_send_message_bytes,
      maxConnections: config.limits.max_connections,
      maxConnectionsPerPeer: config.limits.max_connections_per_peer,
      connections: connectionPolicy(config),
      http2: http2Limits(config),
      onCall: this.#callLog,
      onConnection: connectionLog(log.component("connections")),
    });
    addServices(this.#server, parts, config);
  }

  /** @throws Error when an address can't be listened on (strict), or none can. */
  static async start(options: AgentOptions): Promise<Agent> {
    const agent = new Agent(options, await makeParts(options, () => options.config));
    const failures: unknown[] = [];
    for (const place of agentPlaces(options.config, options.edge)) {
      try {
        await agent.#listen(place);
      } catch (error) {
        if (options.strict) {
          await agent.shutdown();
          throw error;
        }
        failures.push(error);
        agent.#retryLater(place, error);
      }
    }
    if (agent.#listeners.length === 0 && failures.length > 0) {
      await agent.shutdown();
      throw failures[0];
    }
    return agent;
  }

  /** Where it listens, with the ports that the kernel chose. */
  get addresses(): string[] {
    return this.#listeners.map((listener) => listener.address);
  }

  /** Says so by health, lets calls finish, then closes every connection. */
  async shutdown(): Promise<void> {
    this.#stopping = true;
    for (const timer of this.#retries) clearTimeout(timer);
    this.#parts.health.drain();
    for (const listener of this.#listeners) listener.close();
    await this.#server.shutdown(this.#options.config.limits.shutdown_grace_ms);
    await Promise.all(this.#serving);
    this.#callLog.close();
  }

  async #listen(place: Place): Promise<void> {
    const { config } = this.#options;
    const { address } = place;
    const refusal = checkPlainTcp(address, config.listen.insecure_tcp);
    if (refusal) throw new Error(refusal);
    const listener = place.proxied ? await this.#listenBehindProxy(address) : await listen(address);
    this.#listeners.push(listener);
    this.#log.info("listening", { address: listener.address, proxied: place.proxied || undefined });
    if (address.transport === "tcp") {
      this.#log.warn("TCP is plain: no TLS, no client identity", { address: listener.address });
    }
    this.#serving.push(this.#server.serve(listener));
  }

  async #listenBehindProxy(address: Address): Promise<Listener> {
    const listener = await listen(address, { mode: PROXIED_MODE });
    return proxied(listener, {
      timeoutMs: this.#options.config.limits.handshake_timeout_ms,
      onRefused: (reason, unreported) =>
        this.#log.warn("closed a connection without a good PROXY header", {
          address: listener.address,
          reason,
          unreported,
        }),
    });
  }

  #retryLater(place: Place, error: unknown): void {
    this.#log.error("can't listen, trying again", {
      address: formatAddress(place.address),
      error: errorText(error),
      retry_ms: LISTEN_RETRY_MS,
    });
    const timer = setTimeout(() => {
      this.#retries.delete(timer);
      if (this.#stopping) return;
      this.#listen(place).catch((again: unknown) => this.#retryLater(place, again));
    }, LISTEN_RETRY_MS);
    this.#retries.add(timer);
  }
}

/** The file says 0 where the engine says never. */
function connectionPolicy({ connections }: Config): ConnectionPolicy {
  const orNever = (ms: number) => ms === 0 ? Infinity : ms;
  return {
    keepaliveTimeMs: orNever(connections.keepalive_time_ms),
    keepaliveTimeoutMs: connections.keepalive_timeout_ms,
    minPingIntervalMs: connections.min_ping_interval_ms,
    permitPingsWithoutCalls: connections.permit_pings_without_calls,
    maxIdleMs: orNever(connections.max_idle_ms),
    maxAgeMs: orNever(connections.max_age_ms),
    maxAgeGraceMs: orNever(connections.max_age_grace_ms),
    requestStallTimeoutMs: connections.request_stall_timeout_ms,
  };
}

function http2Limits({ limits, connections }: Config): Partial<Http2Config> {
  return {
    maxConcurrentStreams: limits.max_concurrent_streams,
    maxHeaderListBytes: limits.header_list_bytes,
    prefaceTimeoutMs: limits.handshake_timeout_ms,
    sendStallTimeoutMs: connections.send_stall_timeout_ms,
  };
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
