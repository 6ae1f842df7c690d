// The programs that end mutual TLS in front of one Unix socket, as a list to read: how each is started.
// All get the same certificate and key, TLS 1.2 and 1.3, ALPN h2, X25519, tickets, one thread, one core;
// the rest is each one's default. One whose package is missing is named in the report with its reason.
import { REPO_ROOT } from "../../../src/cli/root.ts";
import { buildDataplane } from "../../../src/vm/artifacts.ts";
import { run, runOk } from "../../lib/command.ts";
import { pinned } from "../machine.ts";

/** What a server is started with. */
export interface Place {
  /** A folder of its own. */
  readonly dir: string;
  /** The folder that `edge-load pki` wrote. */
  readonly certificates: string;
  /** The backend's Unix socket. */
  readonly backend: string;
}

export interface TlsServer {
  readonly name: string;
  /** Its version, and what is worth to know of its settings. */
  what(): Promise<string>;
  missing(): Promise<string | undefined>;
  /** Writes its configuration. @param port 0: it chooses one and says so. */
  configure(place: Place, port: number): Promise<string[]>;
  /** Says itself where it listens. */
  readonly saysAddress: boolean;
}

export interface RunningTlsServer {
  readonly name: string;
  readonly pid: number;
  /** host:port */
  readonly address: string;
  stop(): Promise<void>;
}

/** So high that no limit of the edge is what is measured; by default they are far lower. */
export const EDGE_LIMITS = {
  max_connections: 4096,
  max_connections_per_peer: 4096,
  handshakes_per_second: 100_000,
  handshakes_per_second_per_peer: 100_000,
};

/** How long a server may take to listen. */
const READY_MS = 10_000;
const POLL_MS = 20;

const NGINX_STREAM = "/usr/lib/nginx/modules/ngx_stream_module.so";

export const edge: TlsServer = {
  name: "edge",
  what: () =>
    Promise.resolve(`gatehouse-edge, rustls with AWS-LC; its limits: ${JSON.stringify(EDGE_LIMITS)}`),
  missing: () => Promise.resolve(undefined),
  saysAddress: true,
  async configure({ dir, certificates, backend }, port) {
    const file = `${dir}/edge.json`;
    const config = {
      listen: [{ address: `127.0.0.1:${port}`, tls: true, back: backend, alpn: ["h2"] }],
      certificate: `${certificates}/server.pem`,
      private_key: `${certificates}/server.key`,
      client_ca: `${certificates}/ca.pem`,
      limits: EDGE_LIMITS,
    };
    await Deno.writeTextFile(file, JSON.stringify(config));
    const { edge } = await buildDataplane(REPO_ROOT, { onProgress() {} });
    return [edge, "--config", file];
  },
};

export const nginx: TlsServer = {
  name: "nginx",
  what: async () => {
    const version = /nginx\/[\d.]+/.exec((await run("nginx", ["-v"])).err)?.[0];
    return `${version}, stream module, ${await openssl()}; PROXY v1, for it writes no v2`;
  },
  missing: () =>
    needs("nginx", NGINX_STREAM, "apt-get install --no-install-recommends nginx libnginx-mod-stream"),
  saysAddress: false,
  async configure({ dir, certificates, backend }, port) {
    await Deno.writeTextFile(
      `${dir}/nginx.conf`,
      `daemon off;
master_process off;
pid ${dir}/nginx.pid;
error_log stderr warn;
load_module ${NGINX_STREAM};
events { worker_connections 8192; }
stream {
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${certificates}/server.pem;
    ssl_certificate_key ${certificates}/server.key;
    ssl_client_certificate ${certificates}/ca.pem;
    ssl_verify_client on;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_ecdh_curve X25519:prime256v1;
    ssl_alpn h2;
    proxy_pass unix:${backend};
    proxy_protocol on;
  }
}
`,
    );
    return ["nginx", "-p", dir, "-c", `${dir}/nginx.conf`, "-e", "stderr"];
  },
};

export const haproxy: TlsServer = {
  name: "haproxy",
  what: async () => {
    const version = /version ([\d.]+)/.exec((await run("haproxy", ["-v"])).out)?.[1];
    return `haproxy ${version}, mode tcp, ${await openssl()}; PROXY v2 with the TLS fields, without the certificate`;
  },
  missing: () => needs("haproxy", undefined, "apt-get install --no-install-recommends haproxy"),
  saysAddress: false,
  async configure({ dir, certificates, backend }, port) {
    const pem = `${dir}/server.pem`;
    const parts = ["server.pem", "server.key"].map((name) => Deno.readTextFile(`${certificates}/${name}`));
    await Deno.writeTextFile(pem, (await Promise.all(parts)).join(""), { mode: 0o600 });
    await Deno.writeTextFile(
      `${dir}/haproxy.cfg`,
      `global
  nbthread 1
  maxconn 4096
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend front
  bind 127.0.0.1:${port} ssl crt ${pem} ca-file ${certificates}/ca.pem verify required alpn h2 ssl-min-ver TLSv1.2 curves X25519:P-256
  default_backend back
backend back
  server one unix@${backend} send-proxy-v2-ssl
`,
    );
    return ["haproxy", "-db", "-f", `${dir}/haproxy.cfg`];
  },
};

/** In the order of the report. */
export const tlsServers: readonly TlsServer[] = [edge, nginx, haproxy];

async function needs(program: string, file: string | undefined, next: string): Promise<string | undefined> {
  const there = (await run("sh", ["-c", `command -v ${program}`])).code === 0 &&
    (file === undefined || (await run("test", ["-e", file])).code === 0);
  return there ? undefined : `${program} or a module of it is missing; ${next}`;
}

/** What nginx and haproxy of Debian are linked with. */
const openssl = async () => /OpenSSL [\d.]+/.exec(await runOk("openssl", ["version"]))?.[0] ?? "OpenSSL";

/** Starts a server on its core. @param place its folder exists and is empty */
export async function startTlsServer(server: TlsServer, place: Place): Promise<RunningTlsServer> {
  const port = server.saysAddress ? 0 : freePort();
  const [program, ...args] = pinned("server", await server.configure(place, port));
  const child = new Deno.Command(program, { args, stdin: "null", stdout: "piped", stderr: "piped" }).spawn();
  let said = "";
  let ended = false;
  const follow = async (stream: ReadableStream<Uint8Array>) => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      if (said.length < 1 << 16) said += text;
    }
  };
  const followed = Promise.all([follow(child.stdout), follow(child.stderr)]).then(() => ended = true);
  const stop = async () => {
    try {
      child.kill("SIGKILL");
    } catch {
      // Gone already.
    }
    await child.status;
    await followed;
  };
  const deadline = performance.now() + READY_MS;
  while (!ended && performance.now() < deadline) {
    const address = server.saysAddress ? readyAddress(said) : `127.0.0.1:${port}`;
    if (address !== undefined && await listens(address)) {
      return { name: server.name, pid: child.pid, address, stop };
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  await stop();
  throw new Error(`${server.name} does not listen:\n${said}`);
}

/** The first address of the edge's line that it is ready. */
export function readyAddress(log: string): string | undefined {
  return /"message":"ready","addresses":\["([^"]+)"/.exec(log)?.[1];
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

async function listens(address: string): Promise<boolean> {
  const [hostname, port] = address.split(":");
  try {
    (await Deno.connect({ hostname, port: Number(port) })).close();
    return true;
  } catch {
    return false;
  }
}
