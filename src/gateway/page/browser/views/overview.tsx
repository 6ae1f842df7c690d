// How the appliance is, at one look: figures, charts, health, transports, methods, refusals.
import { amount, seconds, whole, words } from "../../../observer/format.ts";
import type { MethodFigures, TransportFigures } from "../../../observer/figures.ts";
import type { ViewProps } from "../app.tsx";
import { Chart, type Line } from "../chart.tsx";
import { type Column, Loading, Panel, Table, Tile } from "../parts.tsx";
import { HealthList } from "./health.tsx";
import { transportLines, transportName } from "./transports.ts";

const LATENCY: readonly Line[] = [
  { name: "p99", stroke: "accent", value: ({ latency }) => latency.p99 },
  { name: "p90", stroke: "accent-2", value: ({ latency }) => latency.p90 },
  { name: "p50", stroke: "accent-3", value: ({ latency }) => latency.p50 },
];
const TROUBLE: readonly Line[] = [
  { name: "errors", stroke: "bad", value: ({ errors }) => errors },
  { name: "refusals", stroke: "warn", dashed: true, value: ({ refusals }) => refusals },
];
const IN_FLIGHT: readonly Line[] = [{ name: "calls", stroke: "accent", value: ({ inFlight }) => inFlight }];

const TRANSPORTS: readonly Column<TransportFigures>[] = [
  { head: "Transport", cell: ({ transport }) => transportName(transport) },
  { head: "Connections", number: true, cell: ({ connections }) => whole(connections) },
  { head: "Calls/s", number: true, cell: ({ calls }) => amount(calls ?? 0) },
  { head: "Errors/s", number: true, cell: ({ errors }) => amount(errors ?? 0) },
  { head: "In flight", number: true, cell: ({ inFlight }) => whole(inFlight ?? 0) },
];

const METHODS: readonly Column<MethodFigures>[] = [
  {
    head: "Method",
    grow: true,
    cell: ({ service, method }) => (
      <span class="mono">
        <span class="faint">{service}/</span>
        {method}
      </span>
    ),
  },
  { head: "Calls/s", number: true, cell: ({ calls }) => amount(calls) },
  { head: "Errors/s", number: true, cell: ({ errors }) => amount(errors) },
  { head: "p50", number: true, cell: ({ latency }) => seconds(latency.p50) },
  { head: "p90", number: true, cell: ({ latency }) => seconds(latency.p90) },
  { head: "p99", number: true, cell: ({ latency }) => seconds(latency.p99) },
];

/** Rows of methods: those that anybody calls. */
const SHOWN_METHODS = 12;

export function Overview({ observed, theme, stale }: ViewProps) {
  const { figures, points } = observed;
  if (figures === undefined) return <Loading what="Two readings make the first figure…" />;
  const { latency, calls, errors, inFlight, refusals, connections } = figures;
  const chart = { points, theme, stale };
  const lines = transportLines(figures, (transport) => transport.calls ?? 0);
  const limits = [...figures.refusalsBy, ...figures.deniedBy];
  return (
    <>
      <dl class="tiles">
        <Tile name="Calls a second" value={amount(calls ?? 0)} />
        <Tile name="Latency p50" value={seconds(latency.p50)} />
        <Tile name="p90" value={seconds(latency.p90)} />
        <Tile name="p99" value={seconds(latency.p99)} />
        <Tile
          name="Errors a second"
          value={amount(errors ?? 0)}
          tone={(errors ?? 0) > 0 ? "bad" : undefined}
        />
        <Tile
          name="Refusals a second"
          value={amount(refusals ?? 0)}
          tone={(refusals ?? 0) > 0 ? "warn" : undefined}
        />
        <Tile name="In flight" value={whole(inFlight ?? 0)} />
        <Tile name="Connections" value={whole(connections)} />
      </dl>
      <div class="grid charts">
        <Chart title="Calls a second, by transport" lines={lines} format={amount} {...chart} />
        <Chart title="Latency of unary calls" lines={LATENCY} format={seconds} logarithmic {...chart} />
        <Chart title="Errors and refusals a second" lines={TROUBLE} format={amount} {...chart} />
        <Chart title="Calls in flight" lines={IN_FLIGHT} format={amount} {...chart} />
      </div>
      <div class="grid">
        <HealthList observed={observed} />
        <div class="stack">
          <Panel title="Transports">
            <Table
              caption="Figures by transport"
              columns={TRANSPORTS}
              rows={figures.transports}
              keyOf={({ transport }) => transport}
              empty="Nobody has connected yet."
            />
          </Panel>
          <Panel title="Refusals" note="since the agent's start">
            <Table
              caption="Refusals by limit and by rule"
              columns={[
                { head: "Limit or rule", grow: true, cell: ({ name }) => words(name) },
                { head: "Total", number: true, cell: ({ total }) => whole(total) },
                { head: "A second", number: true, cell: ({ rate }) => amount(rate) },
              ]}
              rows={limits}
              keyOf={({ name }) => name}
              empty="Nothing was refused: no limit was reached, nobody asked for what he may not have."
            />
          </Panel>
        </div>
        <Panel title="Methods" note="the busiest first" wide>
          <Table
            caption="Figures by method"
            columns={METHODS}
            rows={figures.methods.slice(0, SHOWN_METHODS)}
            keyOf={({ service, method }) => `${service}/${method}`}
            empty="No method was called yet."
          />
        </Panel>
      </div>
    </>
  );
}
