// A gateway on a real TCP socket before a server of the test's own.
// Must never stand for the agent: there is no authority here.
import { Gateway } from "../../src/gateway/gateway.ts";
import { loadConfig } from "../../src/agent/config/mod.ts";
import { createLog } from "../../src/agent/log/mod.ts";
import { Server } from "../../src/grpc/server.ts";
import { listen } from "../../src/transport/listen.ts";
import { parseAddress } from "../../src/transport/address.ts";

export interface OpenGateway {
  readonly server: Server;
  readonly gateway: Gateway;
  /** "http://127.0.0.1:1234" */
  readonly url: string;
  /** What is held for clients of HTTP. */
  readonly held: { readonly bytes: number };
  /** Connections of HTTP. */
  connections(): number;
  /** Connections that the server serves, in memory. */
  calls(): number;
  close(): Promise<void>;
}

/** @param toml of the configuration, beside its defaults */
export async function openGateway(addServices: (server: Server) => void, toml = ""): Promise<OpenGateway> {
  const config = loadConfig(toml, "test");
  const server = new Server({
    maxConnections: config.limits.max_connections,
    maxConnectionsPerPeer: config.limits.max_connections_per_peer,
  });
  addServices(server);
  const held = { bytes: 0 };
  const log = createLog({ output: { write: (bytes: Uint8Array) => Promise.resolve(bytes.length) } });
  const gateway = new Gateway({
    server: {
      handle: (conn) => server.handle(conn),
      takePlace: (peer) => server.places.refusalOf(peer) === undefined ? server.places.take(peer) : undefined,
      held,
    },
    config: () => config,
    log: log.component("gateway"),
  });
  const listener = await listen(parseAddress("tcp://127.0.0.1:0"));
  const serving = (async () => {
    for await (const conn of listener) void gateway.handle(conn);
  })();
  return {
    server,
    gateway,
    held,
    connections: () => gateway.connectionCount,
    url: listener.address.replace("tcp:", "http:"),
    calls: () => server.connectionCount,
    async close() {
      listener.close();
      await Promise.all([serving, gateway.shutdown(0), server.shutdown(0)]);
    },
  };
}
