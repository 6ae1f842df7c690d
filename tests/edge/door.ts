// An agent behind the edge, certificates for both sides, and a good client that calls all the time beside the faults.
// Must never hide what the good client felt: a failed call, or a lost connection, fails the test.
import { join } from "node:path";
import { expect } from "vitest";
import { type Serving, startServe } from "../lib/serve.ts";
import { Caller } from "./caller.ts";
import { Edge, type EdgeOptions, type Material } from "./edge.ts";
import { Authority, type Identity, serverOf } from "./pki.ts";

/** Between two good calls. */
const PAUSE_MS = 5;

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, PAUSE_MS));

/** Who is who, before there is an edge. */
export interface Prepared {
  dir: string;
  root: Authority;
  material: Material;
}

export class Door {
  readonly #held: Caller;
  #calls = 0;
  #checked = 0;
  #failure: unknown;
  #over = false;
  readonly #calling: Promise<void>;

  private constructor(
    readonly prepared: Prepared,
    /** Of the good client. */
    readonly client: Identity,
    readonly serving: Serving,
    readonly edge: Edge,
  ) {
    this.#held = this.caller();
    this.#calling = this.#keepCalling();
  }

  /** @param change of the edge's options, once there are certificates */
  static async open(
    change: (prepared: Prepared) => Promise<Partial<EdgeOptions>> | Partial<EdgeOptions> = () => ({}),
  ): Promise<Door> {
    const dir = await Deno.makeTempDir({ prefix: "gatehouse-door-" });
    const back = join(dir, "back.sock");
    const serving = startServe(`[listen]\nproxied = ["unix://${back}"]\n[log]\nformat = "json"\n`);
    const root = await Authority.root(dir, "root");
    const server = await root.issue("server", {
      extensions: serverOf("DNS:localhost", "IP:127.0.0.1", "IP:::1"),
    });
    const material = { certificate: server.chain, privateKey: server.keyPem, clientCa: root.anchor };
    const client = await root.issue("good", {
      extensions: `extendedKeyUsage=clientAuth\nsubjectAltName=DNS:good.example\n`,
    });
    const prepared = { dir, root, material };
    const options = await change(prepared);
    const served = await serving;
    const door = new Door(prepared, client, served, await Edge.start({ material, back, ...options }));
    while (door.#calls === 0 && door.#failure === undefined) await pause();
    return door;
  }

  async #keepCalling(): Promise<void> {
    try {
      while (!this.#over) {
        expect(await this.#held.echo("beside")).toBe("beside");
        this.#calls++;
        await pause();
      }
    } catch (error) {
      this.#failure = error;
    }
  }

  /** Another edge before the same agent: one whose memory no test has used yet. */
  fresh(options: Partial<EdgeOptions> = {}): Promise<Edge> {
    const { material, dir } = this.prepared;
    return Edge.start({ material, back: join(dir, "back.sock"), ...options });
  }

  /** Our client, by this identity. */
  caller(identity: Identity = this.client, at = this.edge.at()): Caller {
    return new Caller(at, { ca: this.prepared.root.anchor, cert: identity.chain, key: identity.keyPem });
  }

  /** One Echo on a connection of its own. */
  async echo(payload: string, identity = this.client, at = this.edge.at()): Promise<string> {
    const caller = this.caller(identity, at);
    try {
      return await caller.echo(payload);
    } finally {
      caller.close();
    }
  }

  /** Since the last time no good call failed, the good client's first connection goes on, and a new one is taken. */
  async goesOn(): Promise<void> {
    expect(await this.echo("new")).toBe("new");
    if (this.#failure !== undefined) throw this.#failure;
    await expect.poll(() => this.#calls).toBeGreaterThan(this.#checked);
    this.#checked = this.#calls;
    expect(this.#held.dials).toBe(1);
  }

  async stop(): Promise<void> {
    this.#over = true;
    await this.#calling;
    this.#held.close();
    await this.edge.stop();
    await this.serving.stop();
    await Deno.remove(this.prepared.dir, { recursive: true });
  }
}
