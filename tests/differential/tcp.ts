// TCP on loopback as Conn, Listener and Dial, for these tests only: the product's is src/transport.
// Must never listen beyond 127.0.0.1.
import type { Conn, Dial, Listener, Peer } from "../../src/grpc/conn.ts";

function tcpConn(conn: Deno.TcpConn, address: string): Conn {
  conn.setNoDelay(true);
  return {
    peer: { transport: "tcp", address } satisfies Peer,
    read: (into) => conn.read(into),
    write: (bytes) => conn.write(bytes),
    close() {
      try {
        conn.close();
      } catch {
        // Closing twice is no error here.
      }
    },
  };
}

export class TcpListener implements Listener {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly port = this.#listener.addr.port;
  readonly address = `tcp://127.0.0.1:${this.port}`;

  close(): void {
    this.#listener.close();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Conn> {
    for await (const conn of this.#listener) {
      yield tcpConn(conn, `tcp://${conn.remoteAddr.hostname}:${conn.remoteAddr.port}`);
    }
  }
}

export function tcpDial(port: number): Dial {
  return async () => tcpConn(await Deno.connect({ hostname: "127.0.0.1", port }), `tcp://127.0.0.1:${port}`);
}
