// Who is connected, and by what: addresses, connections and streams by transport.
import { amount, bytes, whole } from "../../../observer/format.ts";
import type { TransportJson } from "../../../observer/answers.ts";
import type { TransportFigures } from "../../../observer/figures.ts";
import type { ViewProps } from "../app.tsx";
import { Chart, type Line } from "../chart.tsx";
import { type Column, Loading, Panel, Table, Tile } from "../parts.tsx";
import { transportLines, transportName } from "./transports.ts";

const ADDRESSES: readonly Column<TransportJson>[] = [
  { head: "Address", grow: true, cell: ({ address }) => <span class="mono">{address}</span> },
  { head: "Protection", cell: ({ protection }) => protection },
  { head: "Connections", number: true, cell: ({ connections }) => whole(connections ?? 0) },
];

const BY_TRANSPORT: readonly Column<TransportFigures>[] = [
  { head: "Transport", cell: ({ transport }) => transportName(transport) },
  { head: "Open", number: true, cell: ({ connections }) => whole(connections) },
  { head: "Opened/s", number: true, cell: ({ opened }) => amount(opened) },
  { head: "Streams", number: true, cell: ({ streams }) => whole(streams) },
  { head: "Calls/s", number: true, cell: ({ calls }) => amount(calls ?? 0) },
];

const TRAFFIC: readonly Line[] = [
  { name: "out", stroke: "accent", value: ({ bytesOut }) => bytesOut },
  { name: "in", stroke: "ink", dashed: true, value: ({ bytesIn }) => bytesIn },
];

export function Connections({ observed, theme, stale }: ViewProps) {
  const { figures, points, status } = observed;
  if (figures === undefined || status === undefined) {
    return <Loading what="Two readings make the first figure…" />;
  }
  const chart = { points, theme, stale };
  const streams = figures.transports.reduce((sum, { streams }) => sum + (streams ?? 0), 0);
  const opened = figures.transports.reduce((sum, { opened }) => sum + (opened ?? 0), 0);
  return (
    <>
      <dl class="tiles">
        <Tile name="Open connections" value={whole(figures.connections)} />
        <Tile name="Opened a second" value={amount(opened)} />
        <Tile name="Open streams" value={whole(streams)} />
        <Tile name="Messages in" value={`${bytes(figures.bytesIn ?? 0)}/s`} />
        <Tile name="Messages out" value={`${bytes(figures.bytesOut ?? 0)}/s`} />
      </dl>
      <div class="grid charts">
        <Chart
          title="Open connections, by transport"
          lines={transportLines(figures, ({ connections }) => connections)}
          format={amount}
          {...chart}
        />
        <Chart title="Bytes of messages a second" lines={TRAFFIC} format={bytes} {...chart} />
      </div>
      <div class="grid">
        <Panel title="By transport" wide>
          <Table
            caption="Connections by transport"
            columns={BY_TRANSPORT}
            rows={figures.transports}
            keyOf={({ transport }) => transport}
            empty="Nobody has connected yet."
          />
        </Panel>
        <Panel title="Addresses" note="what the appliance listens on" wide>
          <Table
            caption="Addresses"
            columns={ADDRESSES}
            rows={status.transports ?? []}
            keyOf={({ address }) => address ?? ""}
            empty="It listens nowhere."
          />
        </Panel>
      </div>
    </>
  );
}
