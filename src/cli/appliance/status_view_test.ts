// What a person reads of an appliance: what is wrong stands out, and nothing of a peer's moves the cursor.
import Long from "long";
import { expect, test } from "vitest";
import {
  CertificateState,
  CertificateUse,
  type Event,
  EventKind,
  type GetStatusResponse,
} from "../../proto/mod.ts";
import { duration } from "./duration.ts";
import { statusJson, statusText } from "./status_view.ts";

const NOW = Date.UTC(2026, 10, 21, 12);
const DAY_MS = 24 * 3_600_000;
const long = (value: number) => Long.fromNumber(value);

function certificate(state: number, endsInMs: number) {
  return {
    use: CertificateUse.SERVER,
    state,
    subject: "CN=a\u001b[2Jb",
    names: [],
    not_before_ms: long(NOW - DAY_MS),
    not_after_ms: long(NOW + endsInMs),
    sha256: Uint8Array.of(1, 0xab),
  };
}

function answer(more: Partial<GetStatusResponse> = {}): GetStatusResponse {
  return {
    version: "1.2.3",
    instance_id: "abc",
    started_at_ms: long(NOW - 3_600_000),
    uptime_ms: long(3_600_000),
    clock: { now_ms: long(NOW), known: true, reason: "by the machine's clock" },
    config_version: long(7),
    confirm_by_ms: long(0),
    transports: [{ address: "tls://0.0.0.0:50051", protection: "mutual TLS", connections: 1 }],
    certificates: [certificate(CertificateState.VALID, 40 * DAY_MS)],
    units: [{ name: "signer", healthy: true, detail: "answers" }],
    last_event: long(1),
    ...more,
  };
}

const event: Event = {
  sequence: long(1),
  at_ms: long(NOW),
  kind: EventKind.DENIED,
  message: "denied",
  fields: { identity: "dns:\u202eevil" },
};

test("a healthy appliance is told in words", () => {
  const text = statusText(answer(), []);
  expect(text).toContain("agent   1.2.3, up 1 h, instance abc");
  expect(text).toContain("config  version 7");
  expect(text).toMatch(/tls:\/\/0\.0\.0\.0:50051 +mutual TLS +1 connection$/m);
  expect(text).toMatch(/good for 40 d, until 2026-12-31/);
  expect(text).not.toMatch(/NOT|EXPIRE|UNDONE/);
});

test("what asks for an operator's eye stands in capitals", () => {
  const text = statusText(
    answer({
      clock: { now_ms: long(NOW), known: false, reason: "never set" },
      confirm_by_ms: long(NOW + 42_000),
      certificates: [
        certificate(CertificateState.EXPIRED, -DAY_MS),
        certificate(CertificateState.NEAR_EXPIRY, 3 * DAY_MS),
      ],
      units: [{ name: "edge", healthy: false, detail: "doesn't answer" }],
    }),
    [],
  );
  expect(text).toContain("NOT KNOWN: never set");
  expect(text).toContain("UNDONE IN 42 s unless confirmed");
  expect(text).toContain("EXPIRED 2026-11-20");
  expect(text).toContain("EXPIRES IN 3 d");
  expect(text).toMatch(/edge +NOT OK +doesn't answer/);
});

test("what came from a peer or a certificate can't move the cursor", () => {
  const text = statusText(answer(), [event]);
  // deno-lint-ignore no-control-regex -- that is what must not be there
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  expect(text).toContain("identity=dns:\\u202eevil");
});

test("JSON has numbers, times as text, and names for the enums", () => {
  expect(statusJson(answer(), [event])).toMatchObject({
    config_version: 7,
    confirm_by: null,
    certificates: [{ use: "SERVER", state: "VALID", days_left: 40, sha256: "01ab" }],
    events: [{ sequence: 1, at: "2026-11-21T12:00:00.000Z", kind: "DENIED" }],
  });
});

test.each([[0, "0 s"], [59_999, "59 s"], [60_000, "1 min"], [3_720_000, "1 h 2 min"], [-5, "0 s"]])(
  "%i ms is %s",
  (ms, text) => expect(duration(ms)).toBe(text),
);
