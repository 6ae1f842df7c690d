// Agent and signer killed with -9 under load by TLS: the rest lives, new calls work soon. The edge's own end, under its
// supervisor, is in tests/serve/tls_test.ts.
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DEFAULT_ALGORITHM, parseAlgorithm } from "../../src/cli/algorithm.ts";
import { Client } from "../../src/cli/client.ts";
import { GrpcError } from "../../src/grpc/status.ts";
import { status } from "@grpc/grpc-js";
import { run } from "../lib/command.ts";
import { type Serving, startServe } from "../lib/serve.ts";
import { Edge } from "./edge.ts";
import { Authority, serverOf } from "./pki.ts";

/** New calls must work so soon after what was killed is back. */
const BACK_MS = 2_000;
const CLIENTS = 4;
const CALL_MS = 5_000;

let dir: string;
let config: string;
let serving: Serving;
let edge: Edge;
let tls: { ca: string; cert: string; key: string };
beforeAll(async () => {
  dir = await Deno.makeTempDir({ prefix: "gatehouse-kill-" });
  const back = join(dir, "back.sock");
  config = `[listen]\nproxied = ["unix://${back}"]\n[access]\ndefault_keys = ["*"]\n[log]\ncalls = "off"\n`;
  const starting = startServe(config);
  const root = await Authority.root(dir, "root");
  const server = await root.issue("server", { extensions: serverOf("IP:127.0.0.1") });
  const client = await root.issue("client");
  tls = { ca: root.anchor, cert: client.chain, key: client.keyPem };
  serving = await starting;
  const material = { certificate: server.chain, privateKey: server.keyPem, clientCa: root.anchor };
  edge = await Edge.start({ material, back });
}, 60_000);
afterAll(async () => {
  await edge.stop();
  await serving.stop();
  await Deno.remove(serving.dir, { recursive: true }).catch(() => {});
  await Deno.remove(dir, { recursive: true });
});

const newClient = () => new Client(`tls://${edge.at()}`, { timeoutMs: CALL_MS, tls });
const echo = (client: Client) => client.echo("under load");
const { algorithm, keyType } = parseAlgorithm(DEFAULT_ALGORITHM);
const sign = (client: Client) => client.sign({ data: new Uint8Array(32), key_type: keyType, algorithm });

/** A call, over and over by some clients, each waiting for its answer. */
class Load {
  ok = 0;
  readonly failures = new Map<string, number>();
  #over = false;
  readonly #running: Promise<unknown>;

  constructor(private readonly call: (client: Client) => Promise<unknown>) {
    this.#running = Promise.all(Array.from({ length: CLIENTS }, () => this.#run()));
  }

  async #run(): Promise<void> {
    const client = newClient();
    while (!this.#over) {
      try {
        await this.call(client);
        this.ok++;
      } catch (error) {
        const code = error instanceof GrpcError ? status[error.code] : String(error);
        this.failures.set(code, (this.failures.get(code) ?? 0) + 1);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    client.close();
  }

  /** Until so many more calls have succeeded. */
  async more(calls: number, withinMs: number): Promise<void> {
    const wanted = this.ok + calls;
    await expect.poll(() => this.ok, { timeout: withinMs }).toBeGreaterThanOrEqual(wanted);
  }

  async end(): Promise<void> {
    this.#over = true;
    await this.#running;
  }
}

/** One call by a client of its own. */
async function once(call: (client: Client) => Promise<unknown>): Promise<void> {
  const client = newClient();
  await call(client).finally(() => client.close());
}

test(
  "the signer killed under load: calls that need it fail as UNAVAILABLE and come back, others never fail",
  async () => {
    const [echoes, signatures] = [new Load(echo), new Load(sign)];
    await Promise.all([echoes.more(50, 5_000), signatures.more(10, 5_000)]);
    const { out } = await run("sh", ["-c", `pgrep -P ${serving.pid} -f gatehouse-signer`]);
    Deno.kill(Number(out.trim()), "SIGKILL");
    await expect.poll(() => signatures.failures.size, { timeout: BACK_MS }).toBe(1);
    await signatures.more(10, BACK_MS);
    await once(sign);
    await Promise.all([echoes.end(), signatures.end()]);
    expect([...signatures.failures.keys()]).toEqual(["UNAVAILABLE"]);
    expect([...echoes.failures.keys()]).toEqual([]);
  },
  20_000,
);

test("an agent that stands still for a second loses no call, of old connections or new ones", async () => {
  const load = new Load(echo);
  await load.more(50, 5_000);
  Deno.kill(serving.pid, "SIGSTOP");
  const late = Array.from({ length: 20 }, () => once(echo));
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  Deno.kill(serving.pid, "SIGCONT");
  await Promise.all(late);
  await load.more(50, BACK_MS);
  await load.end();
  expect([...load.failures.keys()]).toEqual([]);
}, 20_000);

test(
  "the agent killed under load: the edge lives, and calls by it work soon after the agent is back",
  async () => {
    const load = new Load(echo);
    await load.more(50, 5_000);
    const at = edge.at();
    await serving.kill();
    await expect.poll(() => load.failures.size, { timeout: BACK_MS }).toBeGreaterThan(0);
    serving = await startServe(config, { dir: serving.dir });
    await load.more(CLIENTS * 5, BACK_MS);
    await once(echo);
    await load.end();
    expect([...load.failures.keys()]).toEqual(["UNAVAILABLE"]);
    expect(edge.ended).toBe(false);
    expect(edge.at()).toBe(at);
  },
  90_000,
);
