// One connection to a server: HTTP/2 events -> calls.
// Must never decide where a call goes next: that is the channel's.
import {
  Connection,
  type ConnectionEvents,
  ErrorCode,
  type HeaderList,
  headerListBytes,
  type HeadersKind,
  type Http2Config,
  type Http2Error,
} from "../http2/mod.ts";
import type { ClientCall } from "./client_call.ts";
import { ClientKeepalive, type KeepaliveConfig, type KeepaliveLink } from "./client_keepalive.ts";
import type { Clock } from "./clock.ts";
import type { Conn, Peer } from "./conn.ts";
import { Driver } from "./driver.ts";
import { StreamTable } from "../http2/stream_table.ts";

/** What a connection tells its channel. */
export interface ConnectionOwner {
  /** The server's SETTINGS are there: it speaks HTTP/2 and takes calls. */
  onReady(connection: ClientConnection): void;
  /** There may be room for another stream. */
  onRoom(connection: ClientConnection): void;
  /** The server says GOAWAY: no new calls here. Those above its last stream are refused right after. */
  onDraining(connection: ClientConnection): void;
  /** It is over; its calls have been told. */
  onEnded(connection: ClientConnection, reason: string): void;
}

/** What a server's GOAWAY says to a client whose keepalive asks too often (gRFC A8). */
const TOO_MANY_PINGS = "too_many_pings";
/** "keepaliv": what our PINGs carry. */
const KEEPALIVE_PING = new TextEncoder().encode("keepaliv");

export class ClientConnection implements ConnectionEvents, KeepaliveLink {
  readonly peer: Peer;
  /** A response came: the other end is more than an open port. */
  proved = false;
  draining = false;
  /** It ends as planned: the server said so, or this side did. */
  graceful = false;
  /** The server says that our keepalive asks more often than it allows. */
  pingedTooOften = false;
  readonly startedMs: number;
  readonly #connection: Connection;
  readonly #driver: Driver;
  readonly #calls = new StreamTable<ClientCall>();
  readonly #keepalive: ClientKeepalive | undefined;
  #opened = 0;
  #ready = false;
  #reason: string | undefined;
  /** Why this side gave the connection up. */
  #gaveUp: string | undefined;

  constructor(
    conn: Conn,
    http2: Partial<Http2Config>,
    clock: Clock,
    keepalive: KeepaliveConfig | undefined,
    private readonly maxCalls: number,
    private readonly owner: ConnectionOwner,
  ) {
    this.peer = conn.peer;
    this.startedMs = clock.nowMs();
    this.#connection = new Connection("client", http2, this, this.startedMs);
    // A stream whose call has ended may go when its last bytes leave, and no event tells.
    this.#driver = new Driver(conn, this.#connection, clock, 0, () => owner.onRoom(this));
    if (keepalive !== undefined) this.#keepalive = new ClientKeepalive(keepalive, clock, this);
  }

  /** Ends with the connection. Never rejects. */
  async run(): Promise<void> {
    await this.#driver.run();
    this.#keepalive?.stop();
    this.owner.onEnded(this, this.reason);
  }

  /** Why the whole connection ended, if it did. */
  get lost(): string | undefined {
    if (!this.#connection.closed) return undefined;
    return this.#gaveUp ?? this.#connection.error?.message ?? this.reason;
  }

  /** Why it ended, or goes away. */
  get reason(): string {
    return this.#gaveUp ?? this.#reason ?? this.#driver.failure ?? this.#closedByServer();
  }

  #closedByServer(): string {
    const closed = "the server closed the connection";
    if (this.#ready || !this.peer.address.startsWith("tcp:")) return closed;
    return `${closed} without a word of HTTP/2; if it speaks TLS, its address begins with tls://`;
  }

  get openCalls(): number {
    return this.#calls.size;
  }

  get canOpen(): boolean {
    return !this.draining && this.#connection.canOpenStream;
  }

  /** A stream for `call`, whose headers are those of its method and its own; -1 when there is no room. @throws TypeError for headers that HTTP/2 can't carry, RangeError for more than the server takes */
  open(call: ClientCall, headers: HeaderList, ownHeaders: HeaderList): number {
    if (!this.canOpen) return -1;
    if (ownHeaders.length > 0) this.#checkSize(headers, ownHeaders);
    const streamId = this.#connection.request(headers, false, ownHeaders);
    if (streamId >= 0) {
      this.#calls.set(streamId, call);
      this.#keepalive?.wake();
      if (++this.#opened >= this.maxCalls) this.#useUp();
    }
    this.#driver.wake();
    return streamId;
  }

  /** A server answers what is larger than it takes with an HTTP error, or not at all. */
  #checkSize(headers: HeaderList, ownHeaders: HeaderList): void {
    const bytes = headerListBytes(headers) + headerListBytes(ownHeaders);
    const most = this.#connection.peerMaxHeaderListBytes;
    if (bytes > most) {
      throw new RangeError(`The call's headers have ${bytes} bytes, the server takes at most ${most}`);
    }
  }

  /** False: back off until the call's onWritable. */
  send(streamId: number, bytes: Uint8Array, endStream: boolean): boolean {
    this.#driver.wake();
    return this.#connection.sendData(streamId, bytes, endStream);
  }

  consume(streamId: number, bytes: number): void {
    this.#connection.consume(streamId, bytes);
    this.#driver.wake();
  }

  reset(streamId: number, code: number): void {
    this.#connection.reset(streamId, code);
    this.#driver.wake();
  }

  /** The call has ended; what still comes for it goes nowhere. */
  forget(streamId: number): void {
    if (this.#calls.delete(streamId)) this.owner.onRoom(this);
  }

  /** No new calls; closes when those under way are done. */
  drain(): void {
    this.draining = true;
    this.graceful = true;
    this.#connection.goaway(ErrorCode.NO_ERROR);
    this.#driver.wake();
  }

  close(): void {
    this.#driver.close();
  }

  get heardMs(): number {
    return this.#driver.turnMs;
  }

  ping(): void {
    this.#connection.ping(KEEPALIVE_PING);
    this.#driver.wake();
  }

  lose(reason: string): void {
    this.#gaveUp = reason;
    this.#driver.close();
  }

  #useUp(): void {
    this.drain();
    this.#reason = "it has carried as many calls as it may";
    this.owner.onDraining(this);
  }

  onHeaders(streamId: number, headers: HeaderList, endStream: boolean, kind: HeadersKind): void {
    this.proved = true;
    this.#calls.get(streamId)?.onHeaders(headers, endStream, kind);
  }

  onData(streamId: number, data: Uint8Array, endStream: boolean): void {
    const call = this.#calls.get(streamId);
    if (call === undefined) this.#connection.consume(streamId, data.length);
    else call.onData(data, endStream);
  }

  onReset(streamId: number, code: number, by: "peer" | "local"): void {
    const call = this.#calls.get(streamId);
    this.#calls.delete(streamId);
    call?.onReset(code, by);
    this.owner.onRoom(this);
  }

  onWritable(streamId: number): void {
    this.#calls.get(streamId)?.onWritable();
  }

  onGoaway(_lastStreamId: number, code: number, debug: Uint8Array): void {
    const text = new TextDecoder().decode(debug);
    this.#reason = `the server said GOAWAY ${code}${text === "" ? "" : ` (${text})`}`;
    this.pingedTooOften = code === ErrorCode.ENHANCE_YOUR_CALM && text === TOO_MANY_PINGS;
    if (this.draining) return;
    this.draining = true;
    this.graceful = code === ErrorCode.NO_ERROR;
    this.owner.onDraining(this);
  }

  onSettings(): void {
    if (this.#ready) return this.owner.onRoom(this);
    this.#ready = true;
    this.#keepalive?.wake();
    this.owner.onReady(this);
  }

  onClosed(error: Http2Error | undefined): void {
    if (error !== undefined) this.#reason ??= error.message;
  }
}
