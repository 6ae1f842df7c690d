// The client under test of connectconformance: a ClientCompatRequest for each case on standard input, what
// became of the call on standard output, in any order. Ends once standard input has ended and all are told.
// With "--stubs" the calls are made by grpc-js's client code over our channel, else by our own client API.
import { Channel } from "../../../src/grpc/channel.ts";
import { dialer, parseAddress } from "../../../src/transport/mod.ts";
import { ownCaller } from "./caller.ts";
import { call } from "./calls.ts";
import { type ClientCompatRequest, type ClientCompatResponse, ENCODINGS, types } from "./messages.ts";
import { readDelimited, writeDelimited } from "./pipe.ts";
import { stubCaller } from "./stub_caller.ts";
import { tlsDialer } from "./tls.ts";

/** Calls at once: enough to share a connection, few enough that none waits out its own deadline. */
const PARALLEL = 8;

const makeCaller = Deno.args.includes("--stubs") ? stubCaller : ownCaller;

/** One for each server (no two have a port in common) and choice of options. */
const channels = new Map<string, Channel>();

function channelFor(request: ClientCompatRequest): Channel {
  const { host, port, compression = 1, server_tls_cert, message_receive_limit } = request;
  const key = [host, port, compression, message_receive_limit].join(" ");
  const known = channels.get(key);
  if (known !== undefined) return known;
  const address = `tcp://${host}:${port}`;
  const dial = server_tls_cert ? tlsDialer(host, port, server_tls_cert) : dialer(parseAddress(address));
  const channel = new Channel([{ address, dial }], {
    encoding: ENCODINGS[compression],
    maxReceiveMessageBytes: message_receive_limit || undefined,
  });
  channels.set(key, channel);
  return channel;
}

async function answer(request: ClientCompatRequest): Promise<ClientCompatResponse> {
  const { test_name } = request;
  try {
    return { test_name, response: await call(makeCaller(channelFor(request)), request) };
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
