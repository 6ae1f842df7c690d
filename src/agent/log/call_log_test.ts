// The call log: its fields, its bound, and what it says of the calls that it left out.
import { status as grpcStatus } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { callLogger, type CallLogOptions, type CallRecord, STATUS_NAMES } from "./call_log.ts";
import type { LineLevel } from "./level.ts";
import { recordingLogger } from "./testkit.ts";

const ok: CallRecord = {
  callId: 1,
  known: true,
  peer: { transport: "vsock", address: "vsock://2:1024", cid: 2 },
  method: "/echo.EchoService/Echo",
  status: 0,
  durationMs: 1.23456,
};
const failed: CallRecord = { ...ok, status: 13 };

function setUp(options: Partial<CallLogOptions>, threshold: LineLevel = "info") {
  const logger = recordingLogger();
  const { lines } = logger;
  logger.enabled = (level) => threshold === "info" || level !== "info";
  const timers: (() => void)[] = [];
  const after = (_delayMs: number, done: () => void) => {
    timers.push(done);
    return () => void timers.splice(timers.indexOf(done), 1);
  };
  const onCall = callLogger(logger, { calls: "all", callsPerSecond: 3, after, ...options });
  return { onCall, lines, timers, second: () => timers.splice(0).forEach((done) => done()) };
}

describe("a call's line", () => {
  it("holds id, transport, peer, method, status by name and duration", () => {
    const { onCall, lines } = setUp({});
    onCall(ok);
    expect(lines).toEqual([{
      level: "info",
      message: "call",
      fields: {
        call_id: 1,
        transport: "vsock",
        peer: "vsock://2:1024",
        method: "/echo.EchoService/Echo",
        status: "OK",
        duration_ms: 1.235,
      },
    }]);
  });

  it("warns of our own faults and not of a caller's", () => {
    const { onCall, lines } = setUp({ callsPerSecond: 10 });
    for (const status of [13, 14, 3, 99]) onCall({ ...ok, status });
    expect(lines.map((line) => line.level)).toEqual(["error", "warn", "info", "info"]);
    expect(lines[3].fields.status).toBe("STATUS_99");
  });

  it("names every status as gRPC does", () => {
    const theirs = Object.keys(grpcStatus).filter((name) => isNaN(Number(name)));
    expect(STATUS_NAMES).toEqual(theirs);
  });
});

describe("what is logged", () => {
  it("is failures only with calls = errors, and nothing with calls = off", () => {
    const errors = setUp({ calls: "errors" });
    [ok, failed, ok].forEach(errors.onCall);
    expect(errors.lines.map((line) => line.fields.status)).toEqual(["INTERNAL"]);
    const off = setUp({ calls: "off" });
    [ok, failed].forEach(off.onCall);
    off.onCall.close();
    expect(off.lines).toEqual([]);
  });

  it("spends none of the bound on lines that the level hides", () => {
    const { onCall, lines } = setUp({ callsPerSecond: 1 }, "warn");
    [ok, ok, ok, failed].forEach(onCall);
    expect(lines.map((line) => line.fields.status)).toEqual(["INTERNAL"]);
  });
});

describe("the bound", () => {
  it("lets so many lines through each second and says how many it left out", () => {
    const { onCall, lines, second, timers } = setUp({ callsPerSecond: 2 });
    [ok, ok, ok, failed, ok].forEach(onCall);
    expect(lines).toHaveLength(2);
    expect(timers).toHaveLength(1);
    second();
    expect(lines[2]).toMatchObject({
      level: "warn",
      message: "calls not logged",
      fields: { suppressed: 3, suppressed_failed: 1, calls_per_second: 2 },
    });
    [ok, ok, ok].forEach(onCall);
    expect(lines).toHaveLength(5);
  });

  it("says nothing and runs no timer when nothing was left out", () => {
    const { onCall, lines, second, timers } = setUp({});
    onCall(ok);
    second();
    expect(lines).toHaveLength(1);
    expect(timers).toHaveLength(0);
  });

  it("says what it still counts when closed", () => {
    const { onCall, lines, timers } = setUp({ callsPerSecond: 1 });
    [ok, ok].forEach(onCall);
    onCall.close();
    expect(lines[1].fields.suppressed).toBe(1);
    expect(timers).toHaveLength(0);
  });

  it("tells the cause of a fault of this side, and not that of a caller's own", () => {
    const { onCall, lines } = setUp({});
    const error = { code: 13, details: "no more to the caller", cause: new Error("the disk is gone") };
    onCall({ ...ok, status: 13, error });
    onCall({ ...ok, status: 3, error });
    expect(lines[0].fields.error).toBe("Error: the disk is gone");
    expect(lines[1].fields.error).toBeUndefined();
  });
});
