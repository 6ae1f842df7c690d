// One side as a running process on its core. Must not outlive the comparison.
import { dirname } from "node:path";
import { REPO_ROOT } from "../../src/cli/root.ts";
import { startSignerProcess } from "../../src/signer/process.ts";
import { buildDataplane } from "../../src/vm/artifacts.ts";
import { ensureSealingKey } from "../../src/vm/sealing_key.ts";
import { pinned } from "./machine.ts";
import type { Transport } from "./options.ts";
import type { Side } from "./sides.ts";

/** How long a side may take to listen. */
const READY_MS = 30_000;

export interface RunningServer {
  readonly side: Side;
  /** All that work for it. */
  readonly pids: readonly number[];
  /** The signer's process, which works for the agent. */
  readonly signerPid?: number;
  /** Its TCP is mutual TLS, with the certificates of this folder. */
  readonly certificates?: string;
  /** What the generator is told: host:port or a path. */
  address(transport: Transport): string;
  stop(): Promise<void>;
}

/** @param dir an empty directory of its own */
export async function startServer(side: Side, dir: string): Promise<RunningServer> {
  await Deno.mkdir(dir, { recursive: true });
  const socket = `${dir}/server.sock`;
  const signer = side.name === "agent" ? await startAgentsSigner(socket) : undefined;
  const [program, ...args] = pinned("server", side.argv(socket));
  const child = new Deno.Command(program, {
    args,
    env: side.env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const { promise: listening, resolve, reject } = Promise.withResolvers<string>();
  let said = "";
  const follow = async (stream: ReadableStream<Uint8Array>) => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      // An agent's log goes on and on; its first lines tell the address.
      if (said.length > 1 << 16) continue;
      said += text;
      // The anchors' own line, or the agent's log.
      const address = /"tcp":\s*"([\d.]+:\d+)"/.exec(said)?.[1] ??
        /ready.*tcp:\/\/([\d.]+:\d+)/.exec(said)?.[1];
      if (address) resolve(address);
    }
  };
  const followed = Promise.all([follow(child.stdout), follow(child.stderr)])
    .then(() => reject(new Error(`${side.name} ended before it listened:\n${said}`)));
  const late = setTimeout(
    () => reject(new Error(`${side.name} did not listen within ${READY_MS} ms:\n${said}`)),
    READY_MS,
  );
  const stop = async () => {
    try {
      child.kill("SIGKILL");
    } catch {
      // Gone already.
    }
    await child.status;
    await followed;
    await signer?.stop();
  };
  try {
    const tcp = await listening;
    const address = (transport: Transport) => transport === "tcp" ? tcp : socket;
    return { side, pids: [child.pid], signerPid: signer?.pid, address, stop };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    clearTimeout(late);
  }
}

/** Where the agent beside `socket` takes connections from an edge. */
export const proxiedSocket = (socket: string) => `${socket}.proxied`;

/**
 * The agent's configuration, which is the default but for the addresses, and the signer that it asks for, on the
 * agent's core.
 */
async function startAgentsSigner(socket: string) {
  const addresses = JSON.stringify(["tcp://127.0.0.1:0", `unix://${socket}`]);
  const proxied = JSON.stringify([`unix://${proxiedSocket(socket)}`]);
  await Deno.writeTextFile(`${socket}.toml`, `[listen]\naddresses = ${addresses}\nproxied = ${proxied}\n`);
  const stateDir = `${dirname(socket)}/state`;
  // There already where it has been filled with keys.
  await Deno.mkdir(stateDir, { recursive: true });
  // Becomes the signer, so its process id is the signer's.
  const binary = `${socket}.start-signer`;
  const pid = `${socket}.signer-pid`;
  const { signer } = await buildDataplane(REPO_ROOT, { onProgress() {} });
  const script = `#!/bin/sh\necho $$ > "${pid}"\nexec ${pinned("server", [signer]).join(" ")} "$@"\n`;
  await Deno.writeTextFile(binary, script, { mode: 0o700 });
  const started = await startSignerProcess({
    binary,
    socket: `${socket}.signer`,
    stateDir,
    sealingKeyFile: await ensureSealingKey(`${stateDir}.sealing-key`, `${stateDir}/signer.db`),
    onLog() {},
  });
  return { stop: () => started.stop(), pid: Number(await Deno.readTextFile(pid)) };
}
