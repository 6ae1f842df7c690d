// The gRPC server: services, listeners, connections, shutdown.
// Must never name a network call: it serves any Conn that is handed to it.
import type { ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";
import type { Http2Config, Http2Error } from "../http2/mod.ts";
import { AcceptPace } from "./accept_pace.ts";
import type { CallTracer } from "./call_trace.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { Conn, Listener, Peer } from "./conn.ts";
import { type ConnectionPolicy, DEFAULT_POLICY } from "./connection_policy.ts";
import { DeadlineQueue } from "./deadline_queue.ts";
import { ConnectionPlaces } from "./connection_places.ts";
import type { TotalHeld } from "./held_bytes.ts";
import { MAX_CONNECTIONS, MAX_RECEIVE_MESSAGE_BYTES, MAX_REFUSED_CONNECTIONS } from "./limits.ts";
import { addMethods, type Method } from "./method.ts";
import { type Admit, type CallRecord, ServerConnection, type ServerCore } from "./server_connection.ts";
import type { ServerObserver } from "./server_observer.ts";
import { Sweeps } from "./sweeps.ts";

export type { Admit, CallRecord } from "./server_connection.ts";

/** A connection came, went, or was turned away. */
export interface ConnectionRecord {
  readonly event: "open" | "close" | "refused";
  readonly peer: Peer;
  /** At "close": why, if it didn't end well. */
  readonly error?: Http2Error;
}

/** What servers have in common of which one takes over from the other. */
export interface SharedCounts {
  /** What they hold for their peers, bounded together. */
  readonly held: TotalHeld;
  /** The number of the last call. */
  calls: number;
}

export interface ServerOptions {
  /** Largest request message, bytes. Default 4 MiB. */
  readonly maxReceiveMessageBytes?: number;
  /** Largest response message, bytes. Default: no limit, as in grpc-js. */
  readonly maxSendMessageBytes?: number;
  /** Connections served at once, over all listeners; a few of them are kept for other transports than TCP. */
  readonly maxConnections?: number;
  /** The same of one peer: an IPv4 address, an IPv6 network of 64 bits, a VSOCK context id, or all of a Unix socket's clients. Default: no own limit. */
  readonly maxConnectionsPerPeer?: number;
  /** How long connections live and how often they may ping. */
  readonly connections?: Partial<ConnectionPolicy>;
  /** Overrides of the HTTP/2 limits. */
  readonly http2?: Partial<Http2Config>;
  readonly clock?: Clock;
  /** Default: counts of its own. */
  readonly shared?: SharedCounts;
  /** Who may call what. Default: whoever connects, everything. */
  readonly admit?: Admit;
  /** Which calls are traced. Default: none. */
  readonly tracer?: CallTracer;
  /** Called once for each finished call. */
  readonly onCall?: (record: CallRecord) => void;
  readonly onConnection?: (record: ConnectionRecord) => void;
  /** Counts what happens. Default: nothing is counted, at no cost. */
  readonly observer?: ServerObserver;
}

/**
 * ```ts
 * const server = new Server();
 * server.addService(serviceDefinition("echo.EchoService"), { echo: (call, callback) => callback(null, call.request) });
 * const serving = server.serve(listener);
 * ```
 */
export class Server {
  readonly #methods = new Map<string, Method>();
  readonly #core: ServerCore;
  /** Of its connections, and of those of another protocol that makes calls here. */
  readonly places: ConnectionPlaces;
  readonly #onConnection: ServerOptions["onConnection"];
  readonly #connections = new Map<ServerConnection, Promise<void>>();
  readonly #listeners = new Set<Listener>();
  readonly #sweeps: Sweeps<ServerConnection>;
  #refusing = 0;
  #stopping = false;

  constructor(options: ServerOptions = {}) {
    const clock = options.clock ?? systemClock;
    const shared = options.shared ?? { held: { bytes: 0 }, calls: 0 };
    this.#core = {
      methods: this.#methods,
      clock,
      deadlines: new DeadlineQueue(clock),
      maxReceiveMessageBytes: options.maxReceiveMessageBytes ?? MAX_RECEIVE_MESSAGE_BYTES,
      maxSendMessageBytes: options.maxSendMessageBytes ?? Infinity,
      held: shared.held,
      http2: options.http2 ?? {},
      policy: { ...DEFAULT_POLICY, ...options.connections },
      admit: options.admit,
      tracer: options.tracer,
      nextCallId: () => ++shared.calls,
      onCall: options.onCall,
      observer: options.observer,
    };
    this.#sweeps = new Sweeps(clock, () => this.#connections.keys());
    this.places = new ConnectionPlaces(
      options.maxConnections ?? MAX_CONNECTIONS,
      options.maxConnectionsPerPeer ?? Infinity,
    );
    this.#onConnection = options.onConnection;
  }

  /**
   * As grpc-js's: names are those of the definition, or the .proto's own.
   * @throws Error when a method is served already
   */
  addService(definition: ServiceDefinition, implementation: UntypedServiceImplementation): void {
    addMethods(this.#methods, definition, implementation, this.#core.observer);
  }

  /** Connections being served. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Accepts until the listener closes. @throws what the listener's iteration throws */
  async serve(listener: Listener): Promise<void> {
    if (this.#stopping) return listener.close();
    this.#listeners.add(listener);
    try {
      const pace = new AcceptPace(this.#core.clock);
      for await (const conn of listener) {
        void this.handle(conn); // it never rejects, and shutdown() waits for it
        await pace.next();
      }
    } finally {
      this.#listeners.delete(listener);
    }
  }

  /** Serves one connection until its end. Never rejects: a connection's fate is told to `onConnection`. */
  handle(conn: Conn): Promise<void> {
    const refusal = this.#refusalOf(conn.peer);
    if (refusal !== undefined) return this.#refuse(conn, refusal);
    const connection = new ServerConnection(this.#core, conn);
    const served = this.#serve(connection);
    this.#connections.set(connection, served);
    this.#sweeps.start();
    return served;
  }

  /**
   * Stops accepting, tells every caller to go away, waits for the calls under way, then closes.
   * @param graceMs how long calls may take; what still runs then is cancelled
   */
  async shutdown(graceMs: number): Promise<void> {
    this.#stopping = true;
    for (const listener of this.#listeners) listener.close();
    const served = [...this.#connections.values()];
    for (const connection of this.#connections.keys()) connection.drain();
    const grace = this.#core.clock.startTimer(graceMs, () => {
      for (const connection of this.#connections.keys()) connection.close();
    });
    await Promise.all(served);
    grace.cancel();
  }

  /** Why this peer gets no connection now, as the GOAWAY's debug string has it. */
  #refusalOf(peer: Peer): string | undefined {
    // What the gateway has accepted it answers; it closes these connections itself, at its own grace at the latest.
    if (hasPlace(peer)) return undefined;
    return this.#stopping ? "shutting_down" : this.places.refusalOf(peer);
  }

  async #serve(connection: ServerConnection): Promise<void> {
    const { peer } = connection;
    const { observer } = this.#core;
    const leave = hasPlace(peer) ? undefined : this.places.take(peer);
    this.#tell({ event: "open", peer });
    observer?.connected(connection.transport, connection.connection);
    const error = await connection.run();
    observer?.disconnected(connection.transport, connection.connection, error);
    leave?.();
    this.#connections.delete(connection);
    this.#tell({ event: "close", peer, error });
  }

  /** A GOAWAY with the reason, so that the caller backs off instead of guessing. */
  async #refuse(conn: Conn, reason: string): Promise<void> {
    this.#tell({ event: "refused", peer: conn.peer });
    this.#core.observer?.limited(reason);
    if (this.#refusing >= MAX_REFUSED_CONNECTIONS) return conn.close();
    this.#refusing++;
    const connection = new ServerConnection(this.#core, conn);
    connection.refuse(reason);
    await connection.run();
    this.#refusing--;
  }

  #tell(record: ConnectionRecord): void {
    try {
      this.#onConnection?.(record);
    } catch {
      // A log that fails must not end a connection.
    }
  }
}

/** A caller by HTTP has a place already: that of his HTTP connection. */
const hasPlace = ({ http }: Peer): boolean => http !== undefined;
