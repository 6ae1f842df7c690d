// The agent's own parts that take a changed configuration as they stand.
import { accessRules } from "../authority/access_policy.ts";
import type { Authority } from "../authority/authority.ts";
import type { Applier } from "./config_store/applier.ts";
import type { MetricsPush } from "../telemetry/otlp/metrics_push.ts";
import type { Tracing } from "../telemetry/traces/tracing.ts";
import type { Log } from "./log/mod.ts";

/** [log], but for its lines of calls. */
export function logApplier(log: Log): Applier {
  return {
    name: "log",
    apply(next) {
      log.configure(next.log);
      return Promise.resolve();
    },
  };
}

/** [telemetry]: for the next call of every connection. */
export function telemetryApplier(tracing: Tracing, metricsPush: MetricsPush): Applier {
  return {
    name: "telemetry",
    apply({ telemetry }) {
      tracing.configure(telemetry);
      metricsPush.configure(tracing.collector, telemetry.metrics_interval_s * 1_000);
      return Promise.resolve();
    },
  };
}

/** [access]: for the next call of every connection. */
export function accessApplier(authority: Authority): Applier {
  return {
    name: "access",
    apply(next) {
      authority.setRules(accessRules(next.access));
      return Promise.resolve();
    },
  };
}
