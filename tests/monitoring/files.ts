// What stands in monitoring/, read for its tests: the names of metrics, and the queries.
// Must never know a rule or a panel by itself.
import { join } from "node:path";
import { REPO_ROOT } from "../../src/cli/root.ts";
import { CATALOGUE, type Family } from "../../src/telemetry/catalogue.ts";

export const MONITORING = join(REPO_ROOT, "monitoring");

export const alertsText = () => Deno.readTextFileSync(join(MONITORING, "alerts.yml"));
export const alertTestsText = () => Deno.readTextFileSync(join(MONITORING, "alerts_test.yml"));

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly query: string | { readonly query: string } }[] };
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
}

const dashboard = (): Dashboard => JSON.parse(Deno.readTextFileSync(join(MONITORING, "dashboard.json")));

/** The panels' queries as Prometheus gets them: Grafana's variables put in, for every appliance. */
export function dashboardQueries(): { title: string; expr: string }[] {
  return dashboard().panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({
      title,
      expr: expr.replaceAll("$instance", ".*").replaceAll("$__rate_interval", "30s"),
    }))
  );
}

/** Everything in the dashboard that names metrics. */
export function dashboardText(): string {
  const { templating, annotations } = dashboard();
  return JSON.stringify([dashboardQueries(), templating, annotations]);
}

/** The metrics that a text of queries names; a histogram by its own name. */
export function metricsIn(text: string): string[] {
  const names = [...text.matchAll(/\b(?:grpc_server|gatehouse|process)_[a-z0-9_]+/g)].map(([name]) => {
    const base = name.replace(/_(?:bucket|sum|count)$/, "");
    return isHistogram(base) ? base : name;
  });
  return [...new Set(names)].sort();
}

const isHistogram = (name: string) =>
  Object.hasOwn(CATALOGUE, name) && (CATALOGUE as Record<string, Family>)[name].kind === "histogram";
