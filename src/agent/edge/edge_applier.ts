// Tells the edge where to listen and with which certificates, and waits until it does.
// Must never take a change for done while an edge that is there says otherwise.
import { isIP } from "node:net";
import { type Address, formatAddress } from "../../transport/address.ts";
import type { Config } from "../config/mod.ts";
import type { Applier, TlsFiles } from "../config_store/applier.ts";
import { sumOf } from "../../telemetry/prometheus_text.ts";
import { EdgeMetrics } from "../edge_metrics.ts";
import type { Logger } from "../log/mod.ts";
import type { EdgeOptions } from "../options.ts";
import { edgeAddresses, edgeGatewayAddresses } from "../places.ts";
import { type EdgeConfig, EdgeDirectory, type EdgeProtocol } from "./edge_directory.ts";

/** It looks for changes once a second, and loads some hundred anchors in a few ms; the rest is for a busy machine. */
const TAKEN_TIMEOUT_MS = 10_000;
const LOOK_MS = 100;
/** An address that can't be listened at for so long, which is more than one attempt, is somebody else's. */
const FAILED_MS = 1_500;

/** Of the edge's metrics, what tells whether it has taken something. */
interface EdgeView {
  /** Configurations since its start. */
  readonly taken: number;
  readonly refused: number;
  /** Addresses that it listens at now. */
  readonly open: number;
  /** Addresses that it can't listen at now, and tries again. */
  readonly failed: number;
}

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
      ...this.#fronts(next).filter(({ address }) => ipOf(address) === undefined).map(({ address }) =>
        `the edge listens at IP addresses only, not at ${formatAddress(address)}; write one, like ` +
        `${address.transport}://0.0.0.0:${portOf(address)}`
      ),
      ...next.listen.proxied.filter((text) => this.#backSockets.some((own) => text.endsWith(own))).map((
        text,
      ) => `${text} is the edge's own socket; leave it out of listen.proxied`),
    ]);
  }

  async apply(next: Config, tls: TlsFiles): Promise<void> {
    const [problem] = await this.check(next);
    if (problem !== undefined) throw new Error(problem);
    const before = this.#applied;
    const config = this.#configFor(next, tls);
    // At the start there may be no edge yet; it finds the file when it comes.
    const view = before === undefined ? undefined : await this.#view();
    if (!await this.#directory.write(config, tls)) return;
    this.#applied = { config, tls };
    if (before === undefined || view === undefined) return;
    try {
      await this.#taken(config, view);
    } catch (error) {
      await this.#directory.write(before.config, before.tls);
      this.#applied = before;
      throw error;
    }
  }

  /** What the edge says of itself; undefined when it doesn't answer, so nobody is waited for. */
  async #view(): Promise<EdgeView | undefined> {
    const { metricsSocket } = this.options;
    if (metricsSocket === undefined) return undefined;
    // A reader of its own for each look: one reader gives the same answer for a second.
    const samples = await new EdgeMetrics(metricsSocket).read().catch(() => undefined);
    return samples && {
      taken: sumOf(samples, "gatehouse_edge_config_loads_total", { result: "taken" }) ?? 0,
      refused: sumOf(samples, "gatehouse_edge_config_loads_total", { result: "refused" }) ?? 0,
      open: sumOf(samples, "gatehouse_edge_listeners", { state: "open" }) ?? 0,
      failed: sumOf(samples, "gatehouse_edge_listeners", { state: "failed" }) ?? 0,
    };
  }

  /** Waits until the edge has taken what was written and listens everywhere. @throws Error when it doesn't in time */
  async #taken({ listen }: EdgeConfig, before: EdgeView): Promise<void> {
    const deadline = performance.now() + this.takenTimeoutMs;
    let taken = false;
    let failing = 0;
    while (performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      const now = await this.#view();
      if (now === undefined) continue;
      if (now.refused > before.refused) throw new Error("it refuses the new settings; its log says why");
      // Less than before: it was started anew, and has read what stands there now.
      taken ||= now.taken !== before.taken;
      if (taken && now.open === listen.length) return;
      failing = taken && now.failed > 0 ? failing + 1 : 0;
      if (failing * LOOK_MS >= FAILED_MS) break;
    }
    const where = listen.map(({ address }) => address).join(", ");
    const what = taken
      ? `can't listen at all of ${where}`
      : `hasn't taken the new settings after ${this.takenTimeoutMs / 1_000} s`;
    throw new Error(`it ${what}; its log says why`);
  }

  get #backSockets(): string[] {
    return [this.options.backSocket, this.options.gatewayBackSocket];
  }

  /** gRPC's addresses first: whoever starts an edge with ports of the kernel's choosing counts on it. */
  #fronts(next: Config): { address: Address; back: string; alpn: readonly EdgeProtocol[] }[] {
    const { backSocket, gatewayBackSocket } = this.options;
    return [
      ...edgeAddresses(next, this.options).map((address) => ({
        address,
        back: backSocket,
        alpn: ["h2"] as const,
      })),
      ...edgeGatewayAddresses(next, this.options).map((address) => ({
        address,
        back: gatewayBackSocket,
        alpn: ["http/1.1"] as const,
      })),
    ];
  }

  #configFor(next: Config, tls: TlsFiles): EdgeConfig {
    const { metricsSocket } = this.options;
    const complete = tls.certificatePem !== undefined && tls.privateKeyPem !== undefined &&
      tls.clientCaPem !== undefined;
    const fronts = this.#fronts(next);
    if (!complete && fronts.some(({ address }) => address.transport === "tls")) {
      this.log.error("no TLS: a certificate, its key and the clients' CA are needed, and not all are there");
    }
    return {
      listen: fronts.filter(({ address }) => address.transport === "tcp" || complete).map((
        { address, back, alpn },
      ) => ({
        address: `${ipOf(address)}:${portOf(address)}`,
        tls: address.transport === "tls",
        back,
        ...(address.transport === "tls" && { alpn }),
      })),
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
