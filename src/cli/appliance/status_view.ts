// How an appliance is, as lines of text and as JSON.
// Must never let a control character of a certificate's subject through to a terminal.
import { isoTime } from "../../agent/iso_time.ts";
import { visible } from "../../agent/log/escape.ts";
import { DAY_MS } from "../../agent/certificate_state.ts";
import {
  type Certificate,
  CertificateState,
  CertificateUse,
  type Event,
  type GetStatusResponse,
} from "../../proto/mod.ts";
import { table } from "../output.ts";
import { duration } from "./duration.ts";
import { eventJson, eventLine } from "./event_view.ts";

/** What programs read: the message with its numbers as numbers and its times as text. */
export function statusJson(status: GetStatusResponse, events: Event[]) {
  const { now_ms, known, reason } = clockOf(status);
  const confirmBy = status.confirm_by_ms.toNumber();
  return {
    version: status.version,
    instance_id: status.instance_id,
    started_at: isoTime(status.started_at_ms.toNumber()),
    uptime_ms: status.uptime_ms.toNumber(),
    clock: { now: isoTime(now_ms), known, reason },
    config_version: status.config_version.toNumber(),
    confirm_by: confirmBy === 0 ? null : isoTime(confirmBy),
    transports: status.transports,
    certificates: status.certificates.map((certificate) => ({
      use: nameIn(CertificateUse, certificate.use),
      state: nameIn(CertificateState, certificate.state),
      subject: certificate.subject,
      names: certificate.names,
      not_before: isoTime(certificate.not_before_ms.toNumber()),
      not_after: isoTime(certificate.not_after_ms.toNumber()),
      days_left: daysLeft(certificate, now_ms),
      sha256: Array.from(certificate.sha256, (byte) => byte.toString(16).padStart(2, "0")).join(""),
    })),
    units: status.units,
    events: events.map(eventJson),
  };
}

/** For people, several lines. */
export function statusText(status: GetStatusResponse, events: Event[]): string {
  const { now_ms, known, reason } = clockOf(status);
  const uptime = duration(status.uptime_ms.toNumber());
  const lines = [
    `agent   ${status.version}, up ${uptime}, instance ${status.instance_id}`,
    `clock   ${isoTime(now_ms)}, ${known ? "" : "NOT KNOWN: "}${reason}`,
    `config  ${configWords(status, now_ms)}`,
  ];
  if (status.transports.length > 0) {
    lines.push(
      "listens",
      table(status.transports.map(({ address, protection, connections }) => [
        "",
        address,
        protection,
        `${connections} ${connections === 1 ? "connection" : "connections"}`,
      ])),
    );
  }
  if (status.certificates.length > 0) {
    lines.push(
      "certificates",
      table(status.certificates.map((certificate) => [
        "",
        certificate.use === CertificateUse.SERVER ? "server" : "callers' CA",
        visible(certificate.names.join(",") || certificate.subject || "(no name)"),
        endWords(certificate, now_ms),
      ])),
    );
  }
  lines.push(
    "units",
    table(
      status.units.map(({ name, healthy, detail }) => ["", name, healthy ? "ok" : "NOT OK", visible(detail)]),
    ),
  );
  if (events.length > 0) {
    lines.push("events", ...events.map((event) => `  ${eventLine(event)}`));
  }
  return lines.join("\n");
}

function configWords({ config_version, confirm_by_ms }: GetStatusResponse, nowMs: number): string {
  const version = `version ${config_version}`;
  const leftMs = confirm_by_ms.toNumber() - nowMs;
  return confirm_by_ms.isZero()
    ? version
    : `${version}, UNDONE IN ${duration(leftMs)} unless confirmed: gatehouse config confirm`;
}

function endWords(certificate: Certificate, nowMs: number): string {
  const day = isoTime(certificate.not_after_ms.toNumber()).slice(0, 10);
  const left = duration(certificate.not_after_ms.toNumber() - nowMs);
  switch (certificate.state) {
    case CertificateState.VALID:
      return `good for ${left}, until ${day}`;
    case CertificateState.NEAR_EXPIRY:
      return `EXPIRES IN ${left}, ${day}: bring a new one`;
    case CertificateState.EXPIRED:
      return `EXPIRED ${day}: bring a new one`;
    case CertificateState.NOT_YET_VALID:
      return `NOT VALID BEFORE ${isoTime(certificate.not_before_ms.toNumber())}`;
    default:
      return `until ${day}; not judged, the clock isn't known`;
  }
}

function clockOf({ clock }: GetStatusResponse) {
  return {
    now_ms: clock?.now_ms.toNumber() ?? 0,
    known: clock?.known ?? false,
    reason: visible(clock?.reason ?? ""),
  };
}

const daysLeft = ({ not_after_ms }: Certificate, nowMs: number): number =>
  Math.floor((not_after_ms.toNumber() - nowMs) / DAY_MS);

const nameIn = (names: Readonly<Record<string, number>>, value: number): string =>
  Object.entries(names).find(([, one]) => one === value)?.[0] ?? String(value);
