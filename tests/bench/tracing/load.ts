// Load for main.ts: so many connections with so many calls at once, for some seconds; prints how many ended well.
// It is the collector as well, so that both sides of a round have it to feed.
import { Channel } from "../../../src/grpc/channel.ts";
import { unary } from "../../../src/grpc/client.ts";
import { type EchoRequestInit, type EchoResponse, methodAt } from "../../../src/proto/mod.ts";
import { parseAddress } from "../../../src/transport/address.ts";
import { dialer } from "../../../src/transport/dial.ts";
import { print } from "../../../src/cli/output.ts";
import { startCollector } from "../../lib/otlp_collector.ts";

const CONNECTIONS = 8;
const STREAMS = 32;
const Echo = methodAt<EchoRequestInit, EchoResponse>("/echo.EchoService/Echo");

const [dir, otlp] = Deno.args;
const collector = await startCollector(otlp);
print("ready");
const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
for await (const line of lines) {
  const [side, seconds] = line.trim().split(" ");
  const address = `unix://${dir}/${side}.sock`;
  const endMs = performance.now() + Number(seconds) * 1_000;
  let calls = 0;
  const before = collector.spans.length;
  const channels = Array.from(
    { length: CONNECTIONS },
    () => new Channel([{ address, dial: dialer(parseAddress(address)) }]),
  );
  await Promise.all(channels.flatMap((channel) =>
    Array.from({ length: STREAMS }, async () => {
      while (performance.now() < endMs) {
        await unary(channel, Echo, { payload: "eighteen bytes, so", timestamp: 1 });
        calls++;
      }
    })
  ));
  for (const channel of channels) channel.close();
  print(JSON.stringify({ calls, spans: collector.spans.length - before }));
}
