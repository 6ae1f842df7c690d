// The gateway of one agent: HTTP connections in, calls of the agent's own server out.
// Must never belong to one generation of the server: connections stay while configurations come and go.
import type { Hono } from "hono";
import type { Config } from "../agent/config/mod.ts";
import type { Logger } from "../agent/log/mod.ts";
import { systemClock } from "../grpc/clock.ts";
import type { Conn, Peer } from "../grpc/conn.ts";
import type { TotalHeld } from "../grpc/held_bytes.ts";
import { gatewayApp, type GatewayRequest } from "./app.ts";
import { Failures } from "./failures.ts";
import { HttpServer, type HttpSession, type HttpSettings } from "./http/http_server.ts";
import { BODY_EXTRA_BYTES, JSON_GROWTH } from "./http/limits.ts";
import { NonceHolders } from "./nonce_holders.ts";
import { OwnCalls } from "./own_calls.ts";

/** The agent's own server. */
export interface OwnServer {
  /** Serves one connection until its end. Never rejects. */
  handle(conn: Conn): Promise<void>;
  /** Counts a connection among its own; undefined when there is no place. */
  takePlace(peer: Peer): (() => void) | undefined;
  readonly held: TotalHeld;
}

export interface GatewayOptions {
  readonly server: OwnServer;
  /** That in force. Asked at each use. */
  readonly config: () => Config;
  readonly log: Logger;
  /** Hears of limits that turned something away. */
  readonly limited?: (limit: string) => void;
}

export class Gateway {
  readonly #http: HttpServer;
  readonly #app: Hono<{ Bindings: GatewayRequest }>;
  readonly #nonceHolders = new NonceHolders();

  constructor(private readonly options: GatewayOptions) {
    const { server, config, log, limited = () => {} } = options;
    const { tell: failed } = new Failures(log, systemClock);
    this.#app = gatewayApp(failed) as unknown as Hono<{ Bindings: GatewayRequest }>;
    this.#http = new HttpServer({
      settings: () => settingsOf(config()),
      open: (peer) => this.#open(peer),
      held: server.held,
      failed,
      limited,
      takePlace: (peer) => server.takePlace(peer),
      refused({ transport, address }) {
        limited("too_many_connections");
        log.warn("connection refused: too many", { transport, peer: address });
      },
    });
  }

  /** Connections being served. */
  get connectionCount(): number {
    return this.#http.connectionCount;
  }

  /** Serves one connection until its end. Never rejects. */
  handle(conn: Conn): Promise<void> {
    return this.#http.handle(conn);
  }

  /** Tells those who are connected to come again: an address by which they may have come is gone. */
  async renew(graceMs: number): Promise<void> {
    await this.#http.renew(graceMs);
  }

  /** Takes no more, lets answers finish. @param graceMs after which they are cut */
  async shutdown(graceMs: number): Promise<void> {
    await this.#http.shutdown(graceMs);
  }

  #open(peer: Peer): HttpSession {
    const { server, config } = this.options;
    const calls = new OwnCalls(
      { ...peer, http: { nonces: this.#nonceHolders.of(peer) } },
      (conn) => server.handle(conn),
    );
    return {
      fetch: async (request) => {
        const { gateway } = config();
        const rules = { corsOrigins: gateway.cors_origins, hosts: gateway.hosts };
        return await this.#app.fetch(request, { calls, peer, rules, page: gateway.page });
      },
      close: () => calls.close(),
    };
  }
}

function settingsOf({ limits, connections }: Config): HttpSettings {
  return {
    headerBytes: limits.header_list_bytes,
    bodyBytes: Math.ceil(limits.max_receive_message_bytes * JSON_GROWTH) + BODY_EXTRA_BYTES,
    headTimeoutMs: limits.handshake_timeout_ms,
    requestStallTimeoutMs: connections.request_stall_timeout_ms,
    sendStallTimeoutMs: connections.send_stall_timeout_ms,
    // The file says 0 for never.
    maxAgeMs: connections.max_age_ms === 0 ? Infinity : connections.max_age_ms,
  };
}
