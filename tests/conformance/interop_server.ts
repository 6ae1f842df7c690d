// grpc-go's interop server as a process on a port that the kernel chooses. It listens on every
// address of the machine (it has no flag for one), so it must not outlive the tests.
/** How long it may take to listen. */
const READY_MS = 30_000;

export interface InteropServer {
  /** host:port */
  address: string;
  stop(): Promise<void>;
}

/** @param program path of the built server */
export async function startInteropServer(program: string): Promise<InteropServer> {
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
