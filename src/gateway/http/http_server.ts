// An HTTP/1.1 server on Conns: node:http parses, everything a client may take is bounded here.
// Must never open a socket: connections come from the doors, as gRPC's do.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type Clock, systemClock } from "../../grpc/clock.ts";
import type { Conn, Peer } from "../../grpc/conn.ts";
import type { TotalHeld } from "../../grpc/held_bytes.ts";
import { Sweeps } from "../../grpc/sweeps.ts";
import { ConnStream } from "./conn_stream.ts";
import { HttpConnection } from "./http_connection.ts";
import { MAX_REFUSING } from "./limits.ts";
import { rawAnswer } from "./raw_answer.ts";

/** What of the configuration holds here. Asked at each use: it changes while connections live. */
export interface HttpSettings {
  /** Of a request's line and header fields together. */
  readonly headerBytes: number;
  readonly bodyBytes: number;
  /** From a connection's opening, or a request's first byte, to the end of its head (slow loris). */
  readonly headTimeoutMs: number;
  /** In which a body has to bring 16 KiB, or its end. */
  readonly requestStallTimeoutMs: number;
  /** In which a client has to take 16 KiB of an answer that waits for it, or its end. */
  readonly sendStallTimeoutMs: number;
  /** After it a connection ends with its next answer; Infinity for never. */
  readonly maxAgeMs: number;
}

/** What answers the requests of one connection. */
export interface HttpSession {
  /** May reject: the client is told no more than that. */
  fetch(request: Request): Promise<Response>;
  /** The connection has ended. */
  close(): void;
}

/** What all connections of a server share. */
export interface HttpCore {
  readonly settings: () => HttpSettings;
  readonly open: (peer: Peer) => HttpSession;
  /** What is held for all clients, those of gRPC included. */
  readonly held: TotalHeld;
  readonly clock: Clock;
  /** A session rejected. */
  readonly failed: (error: unknown) => void;
  /** A limit turned something away. @param limit its name (src/grpc/server_observer.ts) */
  readonly limited: (limit: string) => void;
}

export interface HttpServerOptions extends Omit<HttpCore, "clock"> {
  /** Gives a place back; undefined when there is none. */
  readonly takePlace: (peer: Peer) => (() => void) | undefined;
  readonly refused: (peer: Peer) => void;
  /** Default: the system's. */
  readonly clock?: Clock;
}

export class HttpServer {
  readonly #core: HttpCore;
  readonly #parser: Server;
  readonly #connections = new Map<object, HttpConnection>();
  readonly #sweeps: Sweeps<HttpConnection>;
  #refusing = 0;
  #stopping = false;

  constructor(private readonly options: HttpServerOptions) {
    this.#core = { ...options, clock: options.clock ?? systemClock };
    this.#parser = this.#makeParser();
    this.#sweeps = new Sweeps(this.#core.clock, () => this.#connections.values());
  }

  /** Connections being served. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Serves one connection until its end. Never rejects. */
  async handle(conn: Conn): Promise<void> {
    const leave = this.#stopping ? undefined : this.options.takePlace(conn.peer);
    if (leave === undefined) return await this.#refuse(conn);
    const connection = new HttpConnection(this.#core, conn);
    this.#connections.set(connection.stream, connection);
    this.#sweeps.start();
    this.#parser.emit("connection", connection.stream);
    await connection.closed;
    this.#connections.delete(connection.stream);
    leave();
  }

  /** Takes no more, and ends what there is as renew() does. @param graceMs after which answers are cut */
  async shutdown(graceMs: number): Promise<void> {
    this.#stopping = true;
    await this.renew(graceMs);
  }

  /** Ends the connections of this moment with their answers. @param graceMs after which they are cut */
  async renew(graceMs: number): Promise<void> {
    const all = [...this.#connections.values()];
    for (const connection of all) connection.drain();
    const grace = this.#core.clock.startTimer(graceMs, () => all.forEach((connection) => connection.close()));
    await Promise.all(all.map(({ closed }) => closed));
    grace.cancel();
  }

  #makeParser(): Server {
    const { settings } = this.#core;
    // Its own times need sockets of its own: ours are in HttpConnection.sweep().
    const parser = createServer({
      keepAliveTimeout: 0,
      headersTimeout: 0,
      requestTimeout: 0,
      requireHostHeader: false,
    });
    // It keeps a connection for another request only if it listens.
    Object.defineProperty(parser, "listening", { value: true });
    Object.defineProperty(parser, "maxHeaderSize", { get: () => settings().headerBytes });
    // With an expectation, a request that nobody listens for would be answered past every bound of ours.
    for (const event of ["request", "checkContinue", "checkExpectation"]) {
      parser.on(event, (request: IncomingMessage, response: ServerResponse) => {
        this.#connections.get(request.socket)?.take(request, response);
      });
    }
    parser.on(
      "clientError",
      (error: Error & { code?: string }, socket) => this.#connections.get(socket)?.broken(error.code),
    );
    return parser;
  }

  /** Tells it to come again, so that it doesn't guess. */
  async #refuse(conn: Conn): Promise<void> {
    this.options.refused(conn.peer);
    if (this.#refusing >= MAX_REFUSING) return conn.close();
    this.#refusing++;
    const stream = new ConnStream(conn, () => {});
    stream.discard();
    stream.end(rawAnswer(503, "too many connections are open, or the server stops; try again later"));
    await new Promise((resolve) => stream.once("close", resolve));
    this.#refusing--;
  }
}
