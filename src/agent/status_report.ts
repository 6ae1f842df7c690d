// How the appliance is, put together from its parts for gatehouse.v1.Status.
// Must never tell a secret, nor fail because a part doesn't answer.
import type { CertificateInit, GetStatusResponseInit, TransportInit } from "../proto/mod.ts";
import type { Address } from "../transport/address.ts";
import type { WatchedCertificate } from "./certificate_watch.ts";
import type { OpenDoor } from "./doors.ts";
import { edgeName } from "./edge/edge_applier.ts";
import { type Sample, sumOf } from "./edge_metrics.ts";
import type { EventLog } from "./event_log.ts";
import { VERSION } from "./version.ts";
import type { Watching } from "./watching.ts";

export interface StatusSources {
  readonly instanceId: string;
  /** Milliseconds since 1970. */
  readonly startedAtMs: number;
  readonly watching: Watching;
  readonly events: Pick<EventLog, "last">;
  /** What the agent itself listens on. */
  readonly doors: () => readonly OpenDoor[];
  /** What the edge listens on. */
  readonly edgeAddresses: () => readonly Address[];
  /** Of the configuration in force; confirmByMs is 0 when nothing waits for a confirmation. */
  readonly configVersion: () => { readonly version: number; readonly confirmByMs: number };
  /** Since the agent's start, by a clock that never steps; milliseconds. */
  readonly uptimeMs: () => number;
}

export async function statusReport(sources: StatusSources): Promise<GetStatusResponseInit> {
  const { watching } = sources;
  const { clock, edge } = watching;
  const { version, confirmByMs } = sources.configVersion();
  const samples = await watching.edgeSamples();
  return {
    version: VERSION,
    instance_id: sources.instanceId,
    started_at_ms: sources.startedAtMs,
    uptime_ms: Math.round(sources.uptimeMs()),
    clock: { now_ms: clock.nowMs(), known: clock.known, reason: clock.reason },
    config_version: version,
    confirm_by_ms: confirmByMs,
    transports: [
      ...sources.doors().map(ofDoor),
      ...ofEdge(sources.edgeAddresses(), samples),
    ],
    certificates: watching.certificates.certificates().map(ofCertificate),
    units: [
      {
        name: "agent",
        healthy: true,
        detail: `answers since ${new Date(sources.startedAtMs).toISOString()}`,
      },
      watching.signer.unit(),
      ...edge ? [edge.unit()] : [],
    ],
    last_event: sources.events.last,
  };
}

function ofDoor({ address, place, connections }: OpenDoor): TransportInit {
  const protection = place.proxied ? "behind a proxy" : place.address.transport === "tcp" ? "plain" : "local";
  return { address, protection, connections };
}

/** By the edge's own word where it gives one: it knows the ports that the kernel chose, and what it couldn't open. */
function ofEdge(addresses: readonly Address[], samples: Sample[]): TransportInit[] {
  const metric = "gatehouse_edge_connections";
  const open = samples.flatMap(({ name, labels }) => name === metric && labels.listen ? [labels.listen] : []);
  const closed = addresses.map(edgeName).filter((name) => !name.endsWith(":0") && !open.includes(name));
  return [
    ...[...new Set(open)].map((address) => ({
      address,
      protection: address.startsWith("tls:") ? "mutual TLS" : "plain",
      connections: sumOf(samples, metric, { listen: address }),
    })),
    ...closed.map((address) => ({ address, protection: "not open", connections: 0 })),
  ];
}

function ofCertificate({ use, state, certificate }: WatchedCertificate): CertificateInit {
  return {
    use,
    state,
    subject: certificate.subject,
    names: [...certificate.names],
    not_before_ms: certificate.notBefore.getTime(),
    not_after_ms: certificate.notAfter.getTime(),
    sha256: Uint8Array.from(certificate.sha256.match(/../g) ?? [], (byte) => parseInt(byte, 16)),
  };
}
