// The two interop servers, each on a port that the kernel chooses: ours, and grpc-go's as a process.
// grpc-go's listens on every address of the machine (it has no flag for one): it must not outlive the tests.
import { Server } from "../../src/grpc/server.ts";
import { listen, parseAddress } from "../../src/transport/mod.ts";
import { testService } from "./grpc_testing.ts";
import { type Seen, testServiceImplementation } from "./test_service.ts";

/** How long it may take to listen. */
const READY_MS = 30_000;

export interface InteropServer {
  /** host:port */
  address: string;
  stop(): Promise<void>;
}

/** @param seen gets what the handlers see */
export async function startOwnServer(seen: Seen = { cancelledDuplex: 0 }): Promise<InteropServer> {
  const server = new Server();
  server.addService(testService, testServiceImplementation(seen));
  const listener = await listen(parseAddress("tcp://127.0.0.1:0"));
  const serving = server.serve(listener);
  return {
    address: new URL(listener.address).host,
    async stop() {
      await server.shutdown(1_000);
      await serving;
    },
  };
}

/** @param program path of the built server */
export async function startGrpcGoServer(program: string): Promise<InteropServer> {
  const child = new Deno.Command(program, {
    args: ["--use_tls=false", "--port=0"],
    env: { GRPC_GO_LOG_SEVERITY_LEVEL: "info" },
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const { promise: ready, resolve, reject } = Promise.withResolvers<string>();
  let log = "";
  const following = (async () => {
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      log += text;
      const port = /interop server listening on \S*:(\d+)/.exec(log)?.[1];
      if (port) resolve(`127.0.0.1:${port}`);
    }
    reject(new Error(`the interop server ended before it listened:\n${log}`));
  })();
  const late = setTimeout(() => {
    child.kill("SIGKILL");
    reject(new Error(`the interop server did not listen within ${READY_MS} ms:\n${log}`));
  }, READY_MS);
  const address = await ready.finally(() => clearTimeout(late));
  return {
    address,
    async stop() {
      child.kill("SIGTERM");
      await child.status;
      await following;
    },
  };
}
