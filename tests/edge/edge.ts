// The real gatehouse-edge as a process, with its files, its log and what it costs.
import { dirname, join } from "node:path";
import { REPO_ROOT } from "../../src/cli/root.ts";
import { residentBytes } from "../lib/serve.ts";

const BINARY = join(REPO_ROOT, "dataplane/target/release/gatehouse-edge");
const READY_MS = 10_000;
const LINE_MS = 5_000;

/** What the edge's configuration names, as texts; each becomes a file. */
export interface Material {
  certificate: string;
  privateKey: string;
  clientCa: string;
  crl?: string;
}

export interface EdgeOptions {
  material: Material;
  /** The agent's socket, and that of its gateway. */
  back: string;
  gatewayBack?: string;
  limits?: Record<string, number>;
  /** For gRPC. Default: one on 127.0.0.1. Where there is a gateway it has one more, the last. */
  listen?: string[];
  /** Of the process. */
  env?: Record<string, string>;
  /** How many descriptors it may open, whatever it asks for. */
  descriptors?: number;
}

export class Edge {
  private readonly lines: string[] = [];

  private constructor(readonly dir: string, private readonly child: Deno.ChildProcess) {}

  static async start(options: EdgeOptions): Promise<Edge> {
    const dir = await Deno.makeTempDir({ prefix: "gatehouse-edge-" });
    await edgeFiles(dir, options);
    return await Edge.watch(join(dir, "edge.json"), options);
  }

  /** Starts it with this configuration file; `dir` is where that lies, and is removed at the end. */
  static async watch(
    file: string,
    { env, descriptors }: Pick<EdgeOptions, "env" | "descriptors"> = {},
  ): Promise<Edge> {
    const limit = descriptors === undefined ? "" : `ulimit -n ${descriptors}; `;
    const child = new Deno.Command("sh", {
      args: ["-c", `${limit}exec "$0" --config "$1"`, BINARY, file],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
      env,
    }).spawn();
    const edge = new Edge(dirname(file), child);
    edge.#reading = edge.#readLog();
    await edge.line('"ready"', 0, READY_MS);
    return edge;
  }

  #reading: Promise<void> = Promise.resolve();

  async #readLog(): Promise<void> {
    let text = "";
    for await (const chunk of this.child.stderr.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const whole = text.split("\n");
      text = whole.pop() ?? "";
      this.lines.push(...whole);
    }
    this.ended = true;
  }

  /** The process is gone, and all that it said is here. */
  ended = false;

  get pid(): number {
    return this.child.pid;
  }

  /** HOST:PORT of a listener. */
  at(listener = 0): string {
    const ready = this.lines.findLast((line) => line.includes('"ready"'));
    return (JSON.parse(ready ?? "{}") as { addresses: string[] }).addresses[listener];
  }

  log(): string {
    return this.lines.join("\n");
  }

  /** How many lines there are: what comes after is asked for with `from`. */
  get logged(): number {
    return this.lines.length;
  }

  /** Waits for a line with this text. @throws Error with the log when there is none in time */
  async line(text: string, from = 0, timeoutMs = LINE_MS): Promise<string> {
    const end = performance.now() + timeoutMs;
    while (performance.now() < end && !this.ended) {
      const found = this.lines.slice(from).find((line) => line.includes(text));
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    throw new Error(`no line of the edge with ${text} in ${timeoutMs} ms:\n${this.lines.join("\n")}`);
  }

  /** Puts new files in place and has them read. @param says the log line that answers */
  async reload(material: Partial<Material>, says = "configuration taken"): Promise<void> {
    await writeMaterial(this.dir, material);
    const from = this.logged;
    this.signal("SIGHUP");
    await this.line(says, from);
  }

  signal(signal: Deno.Signal): void {
    this.child.kill(signal);
  }

  residentBytes(): Promise<number> {
    return residentBytes(this.pid);
  }

  /** Open descriptors (proc(5), fd). */
  async descriptors(): Promise<number> {
    let count = 0;
    for await (const _ of Deno.readDir(`/proc/${this.pid}/fd`)) count++;
    return count;
  }

  /** CPU time so far, ms (proc(5), stat: utime and stime in ticks of 10 ms). */
  async cpuMs(): Promise<number> {
    const stat = await Deno.readTextFile(`/proc/${this.pid}/stat`);
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }

  async stop(): Promise<void> {
    this.signal("SIGTERM");
    this.signal("SIGTERM"); // at once
    await this.child.status;
    await this.#reading;
    await Deno.remove(this.dir, { recursive: true });
  }
}

const FILES = {
  certificate: "certificate.pem",
  privateKey: "private_key.pem",
  clientCa: "client_ca.pem",
  crl: "crl.pem",
};

export async function writeMaterial(dir: string, material: Partial<Material>): Promise<void> {
  for (const [part, file] of Object.entries(FILES) as [keyof Material, string][]) {
    const text = material[part];
    if (text !== undefined) await Deno.writeTextFile(join(dir, file), text, { mode: 0o600 });
  }
}

/** Writes a configuration and what it names into a directory. */
export async function edgeFiles(
  dir: string,
  { material, back, gatewayBack, limits = {}, listen = ["127.0.0.1:0"] }: EdgeOptions,
): Promise<void> {
  await writeMaterial(dir, material);
  const config = {
    listen: [
      ...listen.map((address) => ({ address, tls: true, back, alpn: ["h2"] })),
      ...gatewayBack === undefined
        ? []
        : [{ address: "127.0.0.1:0", tls: true, back: gatewayBack, alpn: ["http/1.1"] }],
    ],
    certificate: FILES.certificate,
    private_key: FILES.privateKey,
    client_ca: FILES.clientCa,
    ...material.crl === undefined ? {} : { crl: FILES.crl },
    limits,
  };
  await Deno.writeTextFile(join(dir, "edge.json"), JSON.stringify(config));
}
