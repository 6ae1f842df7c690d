// The engines under comparison: two servers, two channels, every pair of them.
// grpc-js with grpc-js is the reference; what its client sees there, it must see everywhere.
import {
  type ChannelOptions,
  Client,
  credentials,
  Server as ReferenceServer,
  ServerCredentials,
} from "@grpc/grpc-js";
import { Channel, fromGrpcJsOptions } from "../../src/grpc/channel.ts";
import { Server } from "../../src/grpc/server.ts";
import { definition, implementation, type Seen } from "./service.ts";
import { tcpDial, TcpListener } from "./tcp.ts";

export interface Pair {
  readonly name: string;
  readonly client: Client;
  /** What the server's handlers saw. */
  readonly seen: Seen;
}

export interface Engines {
  readonly reference: Pair;
  readonly others: readonly Pair[];
  stop(): Promise<void>;
}

/** Large enough for every case, small enough to be hit by one. */
export const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

/** @param options of both kinds of channel, in grpc-js's names */
export async function startEngines(options: ChannelOptions = {}): Promise<Engines> {
  const referenceSeen: Seen = { cancelled: 0 };
  const reference = new ReferenceServer();
  reference.addService(definition, implementation(referenceSeen));
  const referencePort = await new Promise<number>((resolve, reject) => {
    reference.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
      if (error) reject(error);
      else resolve(port);
    });
  });

  const seen: Seen = { cancelled: 0 };
  const server = new Server();
  server.addService(definition, implementation(seen));
  const listener = new TcpListener();
  const serving = server.serve(listener);

  const stub = (port: number) => new Client(`127.0.0.1:${port}`, credentials.createInsecure(), options);
  const over = (port: number) => {
    const target = { address: `127.0.0.1:${port}`, dial: tcpDial(port) };
    const channelOverride = new Channel([target], fromGrpcJsOptions(options));
    return new Client("unused", credentials.createInsecure(), { channelOverride });
  };
  const pairs: Pair[] = [
    { name: "grpc-js channel, grpc-js server", client: stub(referencePort), seen: referenceSeen },
    { name: "grpc-js channel, our server", client: stub(listener.port), seen },
    { name: "our channel, our server", client: over(listener.port), seen },
    { name: "our channel, grpc-js server", client: over(referencePort), seen: referenceSeen },
  ];
  return {
    reference: pairs[0],
    others: pairs.slice(1),
    async stop() {
      for (const { client } of pairs) client.close();
      await server.shutdown(500);
      await serving;
      reference.forceShutdown();
    },
  };
}
