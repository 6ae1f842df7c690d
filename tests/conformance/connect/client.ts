// The client under test of connectconformance: a ClientCompatRequest for each case on standard input, what
// became of the call on standard output, in any order. Ends once standard input has ended and all are told.
import { Channel } from "../../../src/grpc/channel.ts";
import { dialer, parseAddress } from "../../../src/transport/mod.ts";
import { call } from "./calls.ts";
import { type ClientCompatRequest, type ClientCompatResponse, COMPRESSION_GZIP, types } from "./messages.ts";
import { readDelimited, writeDelimited } from "./pipe.ts";

/** Calls at once: enough to share a connection, few enough that none waits out its own deadline. */
const PARALLEL = 8;

/** One for each server and choice of options. */
const channels = new Map<string, Channel>();

function channelFor({ host, port, compression, message_receive_limit }: ClientCompatRequest): Channel {
  const key = [host, port, compression, message_receive_limit].join(" ");
  const known = channels.get(key);
  if (known !== undefined) return known;
  const address = `tcp://${host}:${port}`;
  const channel = new Channel([{ address, dial: dialer(parseAddress(address)) }], {
    encoding: compression === COMPRESSION_GZIP ? "gzip" : "identity",
    maxReceiveMessageBytes: message_receive_limit || undefined,
  });
  channels.set(key, channel);
  return channel;
}

async function answer(request: ClientCompatRequest): Promise<ClientCompatResponse> {
  const { test_name } = request;
  try {
    return { test_name, response: await call(channelFor(request), request) };
  } catch (error) {
    return { test_name, error: { message: String(error) } };
  }
}

Deno.addSignalListener("SIGTERM", () => Deno.exit(0));

const running = new Set<Promise<void>>();
for await (const bytes of readDelimited()) {
  const one = answer(types.ClientCompatRequest.decode(bytes))
    .then((response) => writeDelimited(types.ClientCompatResponse.encode(response)))
    .finally(() => running.delete(one));
  running.add(one);
  if (running.size >= PARALLEL) await Promise.race(running);
}
await Promise.all(running);
for (const channel of channels.values()) channel.close();
Deno.exit(0);
