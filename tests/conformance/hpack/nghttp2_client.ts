// Header lists through our encoder and a decoder that isn't ours: Deno's node:http2 is nghttp2.
// Must never look at our own decoder.
import http2 from "node:http2";
import { systemClock } from "../../../src/grpc/clock.ts";
import { Driver } from "../../../src/grpc/driver.ts";
import { LINGER_MS } from "../../../src/grpc/limits.ts";
import { Connection } from "../../../src/http2/mod.ts";
import { listen, parseAddress } from "../../../src/transport/mod.ts";

/** Sends each list as a response on one connection. @returns what came, as name -> value */
export async function decodeWithNghttp2(responses: string[][]): Promise<Record<string, string>[]> {
  const listener = await listen(parseAddress("tcp://127.0.0.1:0"));
  const serving = (async () => {
    for await (const conn of listener) {
      let next = 0;
      const connection: Connection = new Connection("server", {}, {
        onHeaders: (streamId) => connection.sendHeaders(streamId, responses[next++], true),
        onData() {},
        onReset() {},
        onWritable() {},
        onGoaway() {},
        onClosed() {},
      }, systemClock.nowMs());
      await new Driver(conn, connection, systemClock, LINGER_MS).run();
    }
  })();
  const session = http2.connect(`http://127.0.0.1:${new URL(listener.address).port}`);
  try {
    const seen: Record<string, string>[] = [];
    const failed = new Promise<never>((_, reject) => session.once("error", reject));
    for (let i = 0; i < responses.length; i++) seen.push(await Promise.race([get(session), failed]));
    return seen;
  } finally {
    session.destroy();
    listener.close();
    await serving;
  }
}

function get(session: http2.ClientHttp2Session): Promise<Record<string, string>> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ":path": "/" });
    stream.once("error", reject);
    stream.once("response", (headers) => {
      const plain: Record<string, string> = {};
      for (const [name, value] of Object.entries(headers)) plain[name] = String(value);
      stream.resume();
      stream.once("close", () => resolve(plain));
    });
    stream.end();
  });
}
