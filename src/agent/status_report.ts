// How the appliance is, put together from its parts for gatehouse.v1.Status.
// Must never tell a secret, nor fail because a part doesn't answer.
import type { CertificateInit, GetStatusResponseInit, TransportStatusInit } from "../proto/mod.ts";
import { type Address, formatAddress } from "../transport/address.ts";
import type { WatchedCertificate } from "./certificate_watch.ts";
import type { OpenDoor } from "./doors.ts";
import type { EventLog } from "./event_log.ts";
import { VERSION } from "./version.ts";
import type { Watching } from "./watching.ts";

/** What the edge is to listen on, and by which socket it calls the agent: for gRPC and for the gateway. */
export interface EdgeView {
  readonly addresses: readonly Address[];
  readonly backSocket?: string;
  readonly gatewayAddresses: readonly Address[];
  readonly gatewayBackSocket?: string;
}

export interface StatusSources {
  readonly instanceId: string;
  /** Milliseconds since 1970. */
  readonly startedAtMs: number;
  readonly watching: Watching;
  readonly events: Pick<EventLog, "last">;
  /** What the agent itself listens on. */
  readonly doors: () => readonly OpenDoor[];
  readonly edge: () => EdgeView;
  /** Of the configuration in force; confirmByMs is 0 when nothing waits for a confirmation. */
  readonly configVersion: () => { readonly version: number; readonly confirmByMs: number };
  /** Since the agent's start, by a clock that never steps; milliseconds. */
  readonly uptimeMs: () => number;
}

export function statusReport(sources: StatusSources): GetStatusResponseInit {
  const { watching } = sources;
  const { clock, edge } = watching;
  const { version, confirmByMs } = sources.configVersion();
  const { addresses, backSocket, gatewayAddresses, gatewayBackSocket } = sources.edge();
  const doors = sources.doors();
  const backAt = (path: string | undefined) =>
    doors.find(({ place: { address } }) => "path" in address && address.path === path);
  const back = backAt(backSocket);
  const gatewayBack = backAt(gatewayBackSocket);
  return {
    version: VERSION,
    instance_id: sources.instanceId,
    started_at_ms: sources.startedAtMs,
    uptime_ms: Math.round(sources.uptimeMs()),
    clock: { now_ms: clock.nowMs(), known: clock.known, reason: clock.reason },
    config_version: version,
    confirm_by_ms: confirmByMs,
    transports: [
      ...doors.filter((door) => door !== back && door !== gatewayBack).map(ofDoor),
      ...ofEdge(addresses, back),
      ...ofEdge(gatewayAddresses, gatewayBack, HTTP),
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

/** Behind the protection of an address of the gateway. */
const HTTP = ", HTTP";

function ofDoor({ address, place, connections }: OpenDoor): TransportStatusInit {
  const protection = place.proxied ? "behind a proxy" : place.address.transport === "tcp" ? "plain" : "local";
  return { address, protection: protection + (place.service === "gateway" ? HTTP : ""), connections };
}

/**
 * What the edge listens on. Its connections are counted where they reach the agent, which knows of each whether TLS
 * protects it and not by which address it came: where there are several of one kind, the first has the number of all.
 */
function ofEdge(
  addresses: readonly Address[],
  back: OpenDoor | undefined,
  spoken = "",
): TransportStatusInit[] {
  const { connections = 0, tlsConnections = 0 } = back ?? {};
  const kind = (transport: "tls" | "tcp", protection: string, count: number) => {
    const all = addresses.filter((address) => address.transport === transport);
    return all.map((address, index) => ({
      address: formatAddress(address),
      protection: all.length > 1 && index === 0
        ? `${protection} (number of all ${transport}://)`
        : protection,
      connections: index === 0 ? count : 0,
    }));
  };
  return [
    ...kind("tls", `mutual TLS${spoken}`, tlsConnections),
    ...kind("tcp", `plain${spoken}`, connections - tlsConnections),
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
