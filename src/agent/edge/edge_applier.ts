// Tells the edge where to listen and with which certificates, and waits until it does.
// Must never take a change for done while an edge that is there says otherwise.
import { isIP } from "node:net";
import { type Address, formatAddress } from "../../transport/address.ts";
import type { Config } from "../config/mod.ts";
import type { Applier, TlsFiles } from "../config_store/applier.ts";
import { EdgeMetrics } from "../edge_metrics.ts";
import type { Logger } from "../log/mod.ts";
import type { EdgeOptions } from "../options.ts";
import { edgeAddresses } from "../places.ts";
import { type EdgeConfig, EdgeDirectory } from "./edge_directory.ts";

/** It looks for changes once a second, and loads some hundred anchors in a few ms; the rest is for a busy machine. */
const TAKEN_TIMEOUT_MS = 10_000;
const LOOK_MS = 100;

export class EdgeApplier implements Applier {
  readonly name = "edge";
  readonly #directory: EdgeDirectory;
  #applied: { config: EdgeConfig; tls: TlsFiles } | undefined;

  constructor(
    private readonly options: EdgeOptions,
    private readonly log: Logger,
    private readonly takenTimeoutMs = TAKEN_TIMEOUT_MS,
  ) {
    this.#directory = new EdgeDirectory(options.dir, options.groupReads ?? false);
  }

  check(next: Config): Promise<string[]> {
    return Promise.resolve([
      ...edgeAddresses(next, this.options).filter((address) => ipOf(address) === undefined).map((address) =>
        `the edge listens at IP addresses only, not at ${formatAddress(address)}; write one, like ` +
        `${address.transport}://0.0.0.0:${portOf(address)}`
      ),
      ...next.listen.proxied.filter((text) => text.endsWith(this.options.backSocket)).map((text) =>
        `${text} is the edge's own socket; leave it out of listen.proxied`
      ),
    ]);
  }

  async apply(next: Config, tls: TlsFiles): Promise<void> {
    const [problem] = await this.check(next);
    if (problem !== undefined) throw new Error(problem);
    const before = this.#applied;
    const config = this.#configFor(next, tls);
    // At the start there may be no edge yet; it finds the file when it comes.
    const listening = before === undefined ? undefined : await this.#listening();
    if (!await this.#directory.write(config, tls)) return;
    this.#applied = { config, tls };
    if (before === undefined || listening === undefined) return;
    try {
      await this.#taken(config);
    } catch (error) {
      await this.#directory.write(before.config, before.tls);
      this.#applied = before;
      throw error;
    }
  }

  /** What the edge listened at when it answered last; undefined when it doesn't, so nobody is waited for. */
  async #listening(): Promise<Set<string> | undefined> {
    const { metricsSocket } = this.options;
    if (metricsSocket === undefined) return undefined;
    // A reader of its own for each look: one reader gives the same answer for a second.
    const samples = await new EdgeMetrics(metricsSocket).read().catch(() => undefined);
    return samples &&
      new Set(samples.flatMap(({ labels: { listen } }) => listen === undefined ? [] : [listen]));
  }

  /** Waits until the edge listens where `config` says and nowhere else. @throws Error when it doesn't in time */
  async #taken(config: EdgeConfig): Promise<void> {
    const deadline = performance.now() + this.takenTimeoutMs;
    const wanted = config.listen.map(({ address, tls }) => `${tls ? "tls" : "tcp"}://${address}`);
    // The kernel chooses a port 0 and nobody here knows which.
    const known = wanted.filter((address) => !address.endsWith(":0"));
    for (;;) {
      const now = await this.#listening();
      const missing = known.filter((address) => now?.has(address) !== true);
      if (now !== undefined && missing.length === 0 && now.size === wanted.length) return;
      if (performance.now() > deadline) {
        const what = missing.length > 0
          ? `doesn't listen at ${missing.join(", ")}`
          : "listens at other addresses still";
        throw new Error(`it ${what} after ${this.takenTimeoutMs / 1_000} s; its log says why`);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  #configFor(next: Config, tls: TlsFiles): EdgeConfig {
    const { backSocket, metricsSocket } = this.options;
    const complete = tls.certificatePem !== undefined && tls.privateKeyPem !== undefined &&
      tls.clientCaPem !== undefined;
    const addresses = edgeAddresses(next, this.options);
    if (!complete && addresses.some(({ transport }) => transport === "tls")) {
      this.log.error("no TLS: a certificate, its key and the clients' CA are needed, and not all are there");
    }
    return {
      listen: addresses.filter(({ transport }) => transport === "tcp" || complete).map((address) => ({
        address: `${ipOf(address)}:${portOf(address)}`,
        tls: address.transport === "tls",
      })),
      back: backSocket,
      ...(metricsSocket !== undefined && { metrics: metricsSocket }),
      limits: {
        max_connections: next.limits.max_connections,
        max_connections_per_peer: next.limits.max_connections_per_peer,
      },
    };
  }
}

/** As a socket address has it; undefined for a name that would have to be looked up. */
function ipOf(address: Address): string | undefined {
  if (!("hostname" in address)) return undefined;
  const { hostname } = address;
  if (hostname === "localhost") return "127.0.0.1";
  if (isIP(hostname) === 0) return undefined;
  return hostname.includes(":") ? `[${hostname}]` : hostname;
}

const portOf = (address: Address): number => "port" in address ? address.port : 0;
