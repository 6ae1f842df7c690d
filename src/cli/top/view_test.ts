import fc from "fast-check";
import Long from "long";
import { expect, test } from "vitest";
import { figuresOf } from "../../gateway/observer/figures.ts";
import { Interval, Scrape } from "../../gateway/observer/scrapes.ts";
import { CertificateState, CertificateUse, EventKind } from "../../proto/mod.ts";
import { samplesOf } from "../../telemetry/prometheus_text.ts";
import { painter } from "./screen.ts";
import { plainLine, spark, topLines, type TopState } from "./view.ts";

const NOW = Date.UTC(2026, 10, 21, 12);
const ECHO = 'grpc_type="unary",grpc_service="echo.EchoService",grpc_method="Echo"';
const text = (n: number) =>
  `grpc_server_handled_total{${ECHO},grpc_code="OK",transport="vsock"} ${100 * n}
grpc_server_handled_total{${ECHO},grpc_code="INTERNAL",transport="vsock"} ${n}
grpc_server_handling_seconds_bucket{${ECHO},le="0.001"} ${101 * n}
grpc_server_handling_seconds_bucket{${ECHO},le="+Inf"} ${101 * n}
gatehouse_connections{transport="vsock"} 8
gatehouse_refusals_total{limit="too_many_streams"} ${n}`;
const figures = figuresOf(
  new Interval(new Scrape(0, samplesOf(text(1))), new Scrape(1000, samplesOf(text(3)))),
);

const STATE: TopState = {
  status: {
    version: "1.2.3",
    instance_id: "abc",
    started_at_ms: Long.fromNumber(NOW - 3_600_000),
    uptime_ms: Long.fromNumber(3_600_000),
    clock: { now_ms: Long.fromNumber(NOW), known: true, reason: "" },
    config_version: Long.fromNumber(7),
    confirm_by_ms: Long.ZERO,
    transports: [],
    certificates: [{
      use: CertificateUse.SERVER,
      state: CertificateState.VALID,
      subject: "CN=a",
      names: ["dns:a.example"],
      not_before_ms: Long.ZERO,
      not_after_ms: Long.fromNumber(NOW + 40 * 86_400_000),
      sha256: new Uint8Array(),
    }],
    units: [
      { name: "agent", healthy: true, detail: "" },
      { name: "signer", healthy: false, detail: "gone\x1b[2J" },
    ],
    last_event: Long.ONE,
  },
  figures,
  calls: [1, undefined, 202],
  events: [{
    sequence: Long.ONE,
    at_ms: Long.fromNumber(NOW),
    kind: EventKind.DENIED,
    message: "denied\x1b]0;x\x07",
    fields: { identity: "dns:\u202eevil" },
  }],
  eventsNotice: "the stream broke (away)",
  keys: "3 enabled",
  server: "VM default",
  nowMs: NOW,
  broken: undefined,
};

const lines = (state: TopState, columns = 110, rows = 50) =>
  topLines(state, { columns, rows }, painter(false));

test("figures, transports, methods, units, certificates and events are there", () => {
  const all = lines(STATE).join("\n").replaceAll("\u202f", " ");
  expect(all).toMatch(/^Gatehouse 1\.2\.3 {2}up 1 h {2}configuration 7 +12:00:00 UTC$/m);
  expect(all).toMatch(/^202 +500 µs +900 µs +990 µs +2 +2 +0 +8 /m);
  expect(all).toMatch(/^vsock +8 +– +202 +2 +0$/m);
  expect(all).toMatch(/^echo\.EchoService\/Echo +202 +2 +500 µs/m);
  expect(all).toMatch(/^units +agent ok · signer NOT OK: gone.* · clock known$/m);
  expect(all).toContain("dns:a.example 40 d");
  expect(all).toMatch(/^too many streams +3 +2\/s$/m);
  expect(all).toMatch(/^12:00:00 {2}denied +denied/m);
  expect(all).toMatch(/^EVENTS {2}the stream broke \(away\)$/m);
});

test("nothing of a peer's or a part's moves the cursor", () => {
  // deno-lint-ignore no-control-regex -- that is what must not be there
  expect(lines(STATE).join("")).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202e]/);
});

test("it fits any terminal, with colours or without", () => {
  // deno-lint-ignore no-control-regex -- our own colours
  const width = (line: string) => line.replace(/\x1b\[[0-9;]*m/g, "").length;
  fc.assert(
    fc.property(
      fc.integer({ min: 40, max: 300 }),
      fc.integer({ min: 1, max: 80 }),
      fc.boolean(),
      (columns, rows, colours) => {
        const shown = topLines(STATE, { columns, rows }, painter(colours));
        expect(shown.length).toBeLessThanOrEqual(rows);
        for (const line of shown) expect(width(line)).toBeLessThanOrEqual(columns);
      },
    ),
  );
});

test("what is broken stands first, since when, and until when", () => {
  const broken = { sinceMs: NOW - 61_000, message: "nobody\x1b[2J answers", nextTryMs: NOW + 2_500 };
  const [first, ...rest] = lines({ ...STATE, broken });
  expect(first).toMatch(/^BROKEN since 11:58:59 UTC, next try in 3 s: nobody\\u001b\[2J answers/);
  expect(rest.join("\n")).toContain("echo.EchoService/Echo");
  expect(plainLine({ ...STATE, broken })).toMatch(/broken since 11:58:59 UTC: nobody/);
});

test("before there are figures it says what it waits for", () => {
  expect(lines({ ...STATE, figures: undefined }).at(-1)).toMatch(/two readings/);
});

test("bars rise with the calls and have gaps where nothing was heard", () => {
  expect(spark([0, 50, undefined, 100], 80)).toBe("▁▅ █");
  expect(spark([1, 2, 3], 2)).toHaveLength(2);
  expect(spark([0, 0], 5)).toBe("▁▁");
});

test("without a terminal a reading is one line", () => {
  expect(plainLine(STATE)).toBe(
    "2026-11-21T12:00:00.000Z  calls/s 202  p50 500 µs  p90 900 µs  p99 990 µs  errors/s 2  refusals/s 2  in flight 0  connections 8  units signer NOT OK",
  );
});
