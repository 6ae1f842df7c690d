// A plain HTTP/2 server over our engine: 200 with a body for every whole request.
// It knows nothing of gRPC, so that a suite for HTTP/2 sees the engine alone.
import { Driver } from "../../src/grpc/driver.ts";
import { systemClock } from "../../src/grpc/clock.ts";
import { LINGER_MS } from "../../src/grpc/limits.ts";
import { Connection } from "../../src/http2/mod.ts";
import type { Conn } from "../../src/grpc/conn.ts";
import { listen, parseAddress } from "../../src/transport/mod.ts";

/** Long enough that a window smaller than it stops the answer. */
const BODY = "the body of an answer to whatever was asked";

export interface Http2Server {
  port: number;
  stop(): Promise<void>;
}

/** Listens on a free port of loopback. */
export async function startHttp2Server(): Promise<Http2Server> {
  const listener = await listen(parseAddress("tcp://127.0.0.1:0"));
  const drivers = new Map<Driver, Promise<void>>();
  const accepting = (async () => {
    for await (const conn of listener) {
      const driver = answer(conn);
      drivers.set(driver, driver.run().finally(() => drivers.delete(driver)));
    }
  })();
  return {
    port: Number(new URL(listener.address).port),
    async stop() {
      listener.close();
      const running = [...drivers.values()];
      for (const driver of drivers.keys()) driver.close();
      await Promise.all([accepting, ...running]);
    },
  };
}

function answer(conn: Conn): Driver {
  const respond = (streamId: number) => {
    connection.sendHeaders(streamId, [":status", "200", "content-type", "text/plain"], false);
    connection.sendData(streamId, new TextEncoder().encode(BODY), true);
  };
  const connection: Connection = new Connection("server", {}, {
    onHeaders(streamId, _headers, endStream) {
      if (endStream) respond(streamId);
    },
    onData(streamId, data, endStream) {
      connection.consume(streamId, data.length);
      if (endStream) respond(streamId);
    },
    onReset() {},
    onWritable() {},
    onGoaway() {},
    onClosed() {},
  }, systemClock.nowMs());
  return new Driver(conn, connection, systemClock, LINGER_MS);
}
