// What lives as long as the agent, whatever becomes of its configuration: every service is made of these.
// Must never hold what belongs to one generation of the server.
import type { Signer } from "../signer/signer.ts";
import { accessRules } from "../authority/access_policy.ts";
import { type Authority, createAuthority } from "../authority/authority.ts";
import { Health } from "../services/health.ts";
import { ApplianceClock } from "./clock.ts";
import type { Config } from "./config/mod.ts";
import type { ConfigControl } from "./config_store/control.ts";
import { EventLog } from "./event_log.ts";
import { Inspector } from "../diagnostics/inspector.ts";
import type { EmitEvent } from "./event_sink.ts";
import { instanceId, prepareStateDir } from "./instance_id.ts";
import { errorText, type Log, type Logger } from "./log/mod.ts";
import type { AgentOptions } from "./options.ts";
import { edgeAddresses, edgeGatewayAddresses } from "./places.ts";
import { MetricsPush } from "../telemetry/otlp/metrics_push.ts";
import { resourcesOf } from "../telemetry/otlp/resources.ts";
import { Tracing, type TracingOptions } from "../telemetry/traces/tracing.ts";
import { parseAddress } from "../transport/address.ts";
import { dialer } from "../transport/dial.ts";
import { PageTokens } from "../services/page_token.ts";
import { Metrics } from "../telemetry/metrics.ts";
import { VERSION } from "./version.ts";
import { Watching } from "./watching.ts";

export interface Parts {
  readonly instanceId: string;
  readonly startedAtMs: number;
  readonly signer: Signer;
  readonly log: Log;
  readonly events: EventLog;
  readonly emit: EmitEvent;
  readonly watching: Watching;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly pageTokens: PageTokens;
  readonly authority: Authority;
  readonly tracing: Tracing;
  readonly metricsPush: MetricsPush;
  readonly inspector: Inspector;
  /** The configuration in force. Ask each time: it changes while the agent runs. */
  readonly config: () => Config;
  /** How it changes, and what belongs to it: versions, TLS material. */
  readonly control: () => ConfigControl;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/**
 * @param controlOf undefined until the agent is made of these parts
 * @throws Error when the state directory can't be used
 */
export async function makeParts(
  options: AgentOptions,
  controlOf: () => ConfigControl | undefined,
): Promise<Parts> {
  const { signer, log, stateDir, edge, kept } = options;
  const config = () => controlOf()?.config ?? kept.content.config;
  await prepareStateDir(stateDir);
  const health = new Health(signer);
  const events = new EventLog({ log: log.component("events") });
  const clock = await ApplianceClock.start({ log: log.component("clock"), stateDir });
  signer.useClock(clock);
  const id = options.instanceId ?? await instanceId(stateDir);
  const authority = await createAuthority({
    stateDir,
    credentialsDir: options.credentialsDir,
    instanceId: id,
    rules: accessRules(kept.content.config.access),
    log: log.component("authority"),
    emit: events.emit,
    clock,
    now: Date.now,
  });
  const startedAtMs = Date.now();
  const metrics = new Metrics({ signer, startedAtMs });
  const resources = resourcesOf(id, VERSION);
  const tracing = new Tracing({
    resources,
    dialTo: (address) => dialer(parseAddress(address)),
    onCollector: collectorLog(log.component("telemetry")),
  });
  metrics.add(tracing.collect);
  return {
    instanceId: id,
    startedAtMs,
    signer,
    log,
    events,
    emit: events.emit,
    watching: new Watching({
      log,
      emit: events.emit,
      clock,
      health,
      signer,
      edgeMetrics: edge?.metricsSocket,
      edgeWanted: () =>
        edge !== undefined &&
        edgeAddresses(config(), edge).length + edgeGatewayAddresses(config(), edge).length > 0,
    }),
    health,
    metrics,
    pageTokens: new PageTokens(),
    authority,
    tracing,
    metricsPush: new MetricsPush({
      collect: () => metrics.collect(),
      resource: resources.agent,
      startedAtMs,
    }),
    inspector: new Inspector(),
    config,
    control() {
      const control = controlOf();
      if (control === undefined) throw new Error("the agent has not started yet");
      return control;
    },
    now: Date.now,
  };
}

/** Once when spans begin to be lost, and once when they arrive again. */
function collectorLog(log: Logger): TracingOptions["onCollector"] {
  return (address, works, error) => {
    if (works) log.info("the collector takes spans again", { address });
    else log.warn("the collector doesn't take spans; they are lost", { address, error: errorText(error) });
  };
}
