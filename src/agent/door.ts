// One address that the agent listens on, and its accept loop.
// Must never serve a connection itself: it hands each on, and counts those that live.
import { AcceptPace } from "../grpc/accept_pace.ts";
import { systemClock } from "../grpc/clock.ts";
import type { Conn, Listener } from "../grpc/conn.ts";
import { formatAddress } from "../transport/address.ts";
import { type Place, placeKey } from "./places.ts";

/** One address that is open. */
export interface OpenDoor {
  /** With the port that the kernel chose. */
  readonly address: string;
  readonly place: Place;
  /** Connections that came by it and live. */
  readonly connections: number;
  /** Of these, those for which a proxy ended TLS. */
  readonly tlsConnections: number;
}

export class Door implements OpenDoor {
  connections = 0;
  tlsConnections = 0;
  /** Ends when it accepts no more. */
  readonly serving: Promise<void>;

  constructor(
    readonly place: Place,
    private readonly listener: Listener,
    serve: (conn: Conn) => Promise<void>,
  ) {
    this.serving = this.#accept(serve);
  }

  get address(): string {
    return this.listener.address;
  }

  close(): void {
    this.listener.close();
  }

  async #accept(serve: (conn: Conn) => Promise<void>): Promise<void> {
    const pace = new AcceptPace(systemClock);
    for await (const conn of this.listener) {
      const tls = conn.peer.tls === undefined ? 0 : 1;
      this.connections++;
      this.tlsConnections += tls;
      void serve(conn).finally(() => {
        this.connections--;
        this.tlsConnections -= tls;
      });
      await pace.next();
    }
  }
}

/** Takes the door of that place out of `doors`; false when there is none. */
export function removeOne(doors: Door[], place: Place): boolean {
  const index = doors.findIndex((door) => placeKey(door.place) === placeKey(place));
  if (index >= 0) doors.splice(index, 1);
  return index >= 0;
}

/** Whether one may keep the other from being opened: 0.0.0.0 and 127.0.0.1, a socket with and without a proxy. */
export function clash({ address: a }: Place, { address: b }: Place): boolean {
  if (a.transport !== b.transport) return false;
  if ("port" in a && "port" in b) return a.port === b.port;
  return formatAddress(a) === formatAddress(b);
}
