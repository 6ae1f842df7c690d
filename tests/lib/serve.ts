// `gatehouse serve` as a real process on a free port and a Unix socket.
import { join } from "node:path";
import { REPO_ROOT } from "../../src/cli/root.ts";

export interface Serving {
  tcp: string;
  /** tls://host:port, and the files to call it with; empty unless it was started with TLS. */
  tls: string;
  tlsFiles: { ca: string; cert: string; key: string };
  /** The administrator's key that was made. */
  adminKey: string;
  unix: string;
  /** Where the gateway listens. */
  gateway: string[];
  /** host:port, for tools that know no URL. */
  hostPort: string;
  dir: string;
  /** The agent's process. */
  pid: number;
  /** What it has logged so far. */
  log(): string;
  stop(): Promise<void>;
  /** SIGKILL; the directory stays. */
  kill(): Promise<void>;
}

export interface ServeTestOptions {
  /** One of before, to start on the same state; it isn't removed at the end. */
  readonly dir?: string;
  /** More of the command line. */
  readonly args?: readonly string[];
}

interface Ready {
  addresses: string[];
  gateway: string[];
  tls_ca?: string;
  tls_cert?: string;
  tls_key?: string;
  admin_key?: string;
}

/** How long it may take to be ready, the signer being built already. */
const READY_MS = 60_000;

export async function startServe(config = "", options: ServeTestOptions = {}): Promise<Serving> {
  const dir = options.dir ?? await Deno.makeTempDir({ prefix: "gatehouse-serve-" });
  const socket = join(dir, "agent.sock");
  const configFile = join(dir, "gatehouse.toml");
  await Deno.writeTextFile(configFile, config);
  const child = new Deno.Command(`${REPO_ROOT}/gatehouse`, {
    args: [
      ...["serve", "--json", "--state", join(dir, "state"), "--config", configFile],
      ...["--listen", "tcp://127.0.0.1:0", `unix://${socket}`, ...options.args ?? []],
    ],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let log = "";
  const out = follow(child.stdout, (text) => log += text);
  const err = follow(child.stderr, (text) => log += text);
  const deadline = performance.now() + READY_MS;
  let ready: Ready | undefined;
  let ended = false;
  void child.status.then(() => ended = true);
  while (!ready) {
    const line = /\{\s*"ready": true[^}]*\}/.exec(log);
    if (line) ready = JSON.parse(line[0]);
    else if (ended) {
      await Promise.all([out, err]);
      throw new Error(`serve ended before it was ready:\n${log}`);
    } else if (performance.now() > deadline) {
      child.kill("SIGTERM");
      throw new Error(`serve was not ready in ${READY_MS} ms:\n${log}`);
    } else await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const end = async (signal: "SIGTERM" | "SIGKILL") => {
    child.kill(signal);
    await child.status;
    await Promise.all([out, err]);
  };
  const tcp = ready.addresses.find((address) => address.startsWith("tcp:")) ?? "";
  const { tls_ca = "", tls_cert = "", tls_key = "" } = ready;
  return {
    tcp,
    tls: ready.addresses.find((address) => address.startsWith("tls:")) ?? "",
    tlsFiles: { ca: tls_ca, cert: tls_cert, key: tls_key },
    adminKey: ready.admin_key ?? "",
    unix: `unix://${socket}`,
    gateway: ready.gateway,
    hostPort: tcp.replace("tcp://", ""),
    dir,
    pid: child.pid,
    log: () => log,
    async stop() {
      await end("SIGTERM");
      if (options.dir === undefined) await Deno.remove(dir, { recursive: true });
    },
    kill: () => end("SIGKILL"),
  };
}

async function follow(stream: ReadableStream<Uint8Array>, onText: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) onText(decoder.decode(chunk, { stream: true }));
}

/** Resident memory of a process, bytes (proc(5), status). */
export async function residentBytes(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}
