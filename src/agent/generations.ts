// The servers of one configuration after the other: the next one takes every new connection from the moment it
// stands, the one before finishes its calls within the grace and goes.
// Must never keep more than one that goes: the ones before it are cut.
import type { Conn, Peer } from "../grpc/conn.ts";
import type { ConnectionPolicy } from "../grpc/connection_policy.ts";
import type { TotalHeld } from "../grpc/held_bytes.ts";
import { Server, type ServerOptions, type SharedCounts } from "../grpc/server.ts";
import type { Http2Config } from "../http2/mod.ts";
import type { Config } from "./config/mod.ts";

export type ServerHooks = Pick<
  ServerOptions,
  "admit" | "tracer" | "onCall" | "onConnection" | "observer"
>;

export interface GenerationsOptions {
  readonly hooks: ServerHooks;
  /** Adds what is served. */
  readonly addServices: (server: Server, config: Config) => void;
}

/** A connection of another protocol, which makes calls here. */
interface Guest {
  readonly peer: Peer;
  leave: () => void;
}

export class Generations {
  readonly #options: GenerationsOptions;
  /** Memory is bounded over both servers; connections by the sum of both limits, while the old one drains. */
  readonly #shared: SharedCounts = { held: { bytes: 0 }, calls: 0 };
  #current: Server;
  #config: Config;
  readonly #guests = new Set<Guest>();
  #draining: { server: Server; ended: Promise<void> } | undefined;

  constructor(config: Config, options: GenerationsOptions) {
    this.#options = options;
    this.#config = config;
    this.#current = this.#serverFor(config);
  }

  /** What peers make both servers hold. */
  get heldBytes(): number {
    return this.#shared.held.bytes;
  }

  /** Serves one connection by the present generation, until its end. Never rejects. */
  handle(conn: Conn): Promise<void> {
    return this.#current.handle(conn);
  }

  /**
   * Counts a connection of another protocol among those of the present server, and of each that comes after it.
   * @returns gives the place back; undefined when there is none
   */
  takePlace(peer: Peer): (() => void) | undefined {
    const { places } = this.#current;
    if (places.refusalOf(peer) !== undefined) return undefined;
    const guest = { peer, leave: places.take(peer) };
    this.#guests.add(guest);
    return () => {
      if (this.#guests.delete(guest)) guest.leave();
    };
  }

  /** What is held for all peers together, over all generations. */
  get held(): TotalHeld {
    return this.#shared.held;
  }

  /** Makes the server that `config` asks for; nothing changes before it is put in by replace(). @throws what a service throws */
  prepare(config: Config): () => void {
    if (serverKey(config) === serverKey(this.#config) && !losesAddress(this.#config, config)) {
      return () => this.#config = config;
    }
    const next = this.#serverFor(config);
    return () => {
      this.#config = config;
      const old = this.#current;
      this.#current = next;
      for (const guest of this.#guests) {
        guest.leave();
        guest.leave = next.places.take(guest.peer);
      }
      this.#drain(old, config.limits.shutdown_grace_ms);
    };
  }

  /** Calls under way have `graceMs`; then every connection is closed. */
  async shutdown(graceMs: number): Promise<void> {
    await Promise.all([this.#current.shutdown(graceMs), this.#draining?.ended]);
  }

  #drain(server: Server, graceMs: number): void {
    void this.#draining?.server.shutdown(0);
    const ended = server.shutdown(graceMs).then(() => {
      if (this.#draining?.server === server) this.#draining = undefined;
    });
    this.#draining = { server, ended };
  }

  #serverFor(config: Config): Server {
    const server = new Server({
      maxReceiveMessageBytes: config.limits.max_receive_message_bytes,
      maxSendMessageBytes: config.limits.max_send_message_bytes,
      maxConnections: config.limits.max_connections,
      maxConnectionsPerPeer: config.limits.max_connections_per_peer,
      connections: connectionPolicy(config),
      http2: http2Limits(config),
      shared: this.#shared,
      ...this.#options.hooks,
    });
    this.#options.addServices(server, config);
    return server;
  }
}

/** Whoever came by an address that goes is to go too. One that comes disturbs nobody. */
function losesAddress({ listen: before }: Config, { listen: next }: Config): boolean {
  return before.addresses.some((address) => !next.addresses.includes(address)) ||
    before.proxied.some((address) => !next.proxied.includes(address));
}

/** What a server is made of: equal text, equal server. */
function serverKey({ compat, limits, connections, reflection }: Config): string {
  const { shutdown_grace_ms: _, ...ofServer } = limits;
  return JSON.stringify([compat, ofServer, connections, reflection]);
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
