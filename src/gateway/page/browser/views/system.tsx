// The appliance itself: its processes, certificates, versions, clock and configuration, its memory, its way to the network.
import { duration } from "../../../../cli/appliance/duration.ts";
import { type CertificateJson, numberOf, type StatusJson, type UnitJson } from "../../../observer/answers.ts";
import type { EdgeFigures, Figures, SignerFigures } from "../../../observer/figures.ts";
import { buildOf } from "../../../observer/figures.ts";
import { amount, bytes, day, percent, seconds, stamp, whole, words } from "../../../observer/format.ts";
import type { ViewProps } from "../app.tsx";
import { type Column, Fact, Facts, Loading, Panel, Pill, Table, type Tone } from "../parts.tsx";

const UNITS: readonly Column<UnitJson>[] = [
  { head: "Unit", cell: ({ name }) => name },
  {
    head: "State",
    cell: ({ healthy }) => <Pill tone={healthy ? "ok" : "bad"}>{healthy ? "healthy" : "not healthy"}</Pill>,
  },
  { head: "Detail", grow: true, cell: ({ detail }) => detail },
];

const STATES: Readonly<Record<string, readonly [Tone, string]>> = {
  VALID: ["ok", "valid"],
  NEAR_EXPIRY: ["warn", "near expiry"],
  EXPIRED: ["bad", "expired"],
  NOT_YET_VALID: ["bad", "not yet valid"],
};

const SIGNER: readonly Column<SignerFigures>[] = [
  { head: "Algorithm", grow: true, cell: ({ algorithm }) => <span class="mono">{algorithm}</span> },
  { head: "Signatures/s", number: true, cell: ({ signatures }) => amount(signatures) },
  { head: "Queue p50", number: true, cell: ({ queue }) => seconds(queue.p50) },
  { head: "Queue p99", number: true, cell: ({ queue }) => seconds(queue.p99) },
  { head: "Sign p50", number: true, cell: ({ sign }) => seconds(sign.p50) },
  { head: "Sign p99", number: true, cell: ({ sign }) => seconds(sign.p99) },
];

export function System({ observed }: ViewProps) {
  const { status, figures, scrape } = observed;
  if (status === undefined) return <Loading what="Asking…" />;
  const deno = buildOf(scrape, "gatehouse_build_info", "deno");
  const edge = buildOf(scrape, "gatehouse_edge_build_info");
  return (
    <div class="grid">
      <Panel title="Units" wide>
        <Table
          caption="Units"
          columns={UNITS}
          rows={status.units ?? []}
          keyOf={({ name }) => name ?? ""}
          empty="No unit is known."
        />
      </Panel>
      <Certificates status={status} />
      <Panel title="Versions">
        <Facts>
          <Fact name="Agent">{status.version ?? "–"}</Fact>
          {deno !== undefined && <Fact name="Deno">{deno}</Fact>}
          {edge !== undefined && <Fact name="Edge">{edge}</Fact>}
          <Fact name="Instance">
            <span class="mono">{status.instanceId}</span>
          </Fact>
          <Fact name="Started">{stamp(numberOf(status.startedAtMs))} UTC</Fact>
          <Fact name="Up">{duration(numberOf(status.uptimeMs))}</Fact>
        </Facts>
      </Panel>
      <Panel title="Clock and configuration">
        <Facts>
          <Fact name="Time">{stamp(numberOf(status.clock?.nowMs))} UTC</Fact>
          <Fact name="Clock">
            <Pill tone={status.clock?.known ? "ok" : "bad"}>
              {status.clock?.known ? "known" : "not known"}
            </Pill>
          </Fact>
          <Fact name="By">{status.clock?.reason ?? "–"}</Fact>
          <Fact name="Configuration">version {status.configVersion ?? 0}</Fact>
          <Fact name="Confirmation">{confirmation(status)}</Fact>
        </Facts>
      </Panel>
      {figures && <Process figures={figures} />}
      {figures && <NetworkPath edge={figures.edge} />}
      <Panel title="Signer" note="queue and signing time by algorithm" wide>
        <Table
          caption="Signer"
          columns={SIGNER}
          rows={figures?.signer ?? []}
          keyOf={({ algorithm }) => algorithm}
          empty="Nothing was signed since the agent's start."
        />
      </Panel>
    </div>
  );
}

function confirmation({ confirmByMs, clock }: StatusJson) {
  const by = numberOf(confirmByMs);
  if (by === 0) return "nothing waits";
  const left = by - numberOf(clock?.nowMs);
  return <Pill tone="warn">undone in {duration(left)} unless confirmed</Pill>;
}

function Certificates({ status }: { status: StatusJson }) {
  const nowMs = numberOf(status.clock?.nowMs);
  const columns: readonly Column<CertificateJson>[] = [
    { head: "Use", cell: ({ use }) => use === "SERVER" ? "server" : "callers' authority" },
    {
      head: "Name",
      grow: true,
      cell: ({ names, subject }) => (
        <span class="mono wrap">{names?.length ? names.join(", ") : subject || "(no name)"}</span>
      ),
    },
    {
      head: "State",
      cell: ({ state }) => {
        const [tone, word] = STATES[state ?? ""] ?? ["quiet", "not judged"];
        return <Pill tone={tone}>{word}</Pill>;
      },
    },
    { head: "Ends", number: true, cell: ({ notAfterMs }) => day(numberOf(notAfterMs)) },
    { head: "Left", number: true, cell: (certificate) => <Left certificate={certificate} nowMs={nowMs} /> },
  ];
  return (
    <Panel title="Certificates" wide>
      <Table
        caption="Certificates"
        columns={columns}
        rows={status.certificates ?? []}
        keyOf={({ sha256, use }) => `${use}${sha256}`}
        empty="There is none: this appliance serves no TLS."
      />
    </Panel>
  );
}

/** How much of its life a certificate has before it. */
function Left({ certificate, nowMs }: { certificate: CertificateJson; nowMs: number }) {
  const [from, to] = [numberOf(certificate.notBeforeMs), numberOf(certificate.notAfterMs)];
  const share = Math.max(0, Math.min(1, (to - nowMs) / (to - from)));
  return (
    <span class="left">
      <svg
        class={`life ${certificate.state === "VALID" ? "ok" : "warn"}`}
        viewBox="0 0 40 4"
        aria-hidden="true"
      >
        <rect width="40" height="4" rx="2" />
        <rect width={40 * share} height="4" rx="2" class="full" />
      </svg>
      {to > nowMs ? duration(to - nowMs) : "over"}
    </span>
  );
}

function Process({ figures: { process } }: { figures: Figures }) {
  return (
    <Panel title="Agent's process">
      <Facts>
        <Fact name="CPU">{percent(process.cpu)}</Fact>
        <Fact name="Memory">{bytes(process.memoryBytes)}</Fact>
        <Fact name="Heap">{bytes(process.heapBytes)}</Fact>
        <Fact name="Held for requests">{bytes(process.heldBytes)}</Fact>
        <Fact name="Event loop lag p50">{seconds(process.lag.p50)}</Fact>
        <Fact name="Event loop lag p99">{seconds(process.lag.p99)}</Fact>
      </Facts>
    </Panel>
  );
}

const STAGES: Readonly<Record<EdgeFigures["drops"][number]["stage"], string>> = {
  refused: "got no place",
  handshake: "handshake failed",
  closed: "closed by the edge",
};

function NetworkPath({ edge }: { edge: EdgeFigures | undefined }) {
  if (edge === undefined) {
    return (
      <Panel title="Network path">
        <p class="empty">No edge runs: nothing listens on the network by TLS.</p>
      </Panel>
    );
  }
  return (
    <>
      <Panel title="Network path" note="kernel TCP, TLS by the edge">
        <Facts>
          <Fact name="Connections">{whole(edge.connections)}</Fact>
          <Fact name="Handshakes a second">
            {amount(edge.handshakes)}, of them resumed {amount(edge.resumed)}
          </Fact>
          <Fact name="Waiting for a handshake">{whole(edge.handshakesWaiting)}</Fact>
          <Fact name="Towards the agent">{bytes(edge.bytesIn)}/s</Fact>
          <Fact name="Towards callers">{bytes(edge.bytesOut)}/s</Fact>
          <Fact name="Not yet taken">{bytes(edge.queuedBytes)}</Fact>
          <Fact name="Addresses">
            {(edge.listenersFailed ?? 0) > 0
              ? <Pill tone="bad">{whole(edge.listenersFailed)} can't be listened on</Pill>
              : `${whole(edge.listenersOpen)} listened on`}
          </Fact>
        </Facts>
      </Panel>
      <Panel title="Drops" note="on the network path, since the edge's start" wide>
        <Table
          caption="Drops"
          columns={[
            { head: "Reason", grow: true, cell: ({ name }) => words(name) },
            { head: "Where", cell: ({ stage }) => STAGES[stage] },
            { head: "Total", number: true, cell: ({ total }) => whole(total) },
            { head: "A second", number: true, cell: ({ rate }) => amount(rate) },
          ]}
          rows={edge.drops}
          keyOf={({ stage, name }) => `${stage} ${name}`}
          empty="None: every connection got its place, and ended by its own will."
        />
      </Panel>
    </>
  );
}
