// Server streams by HTTP: server-sent events, their ends, and what becomes of the call when nobody reads.
import { Metadata, status } from "@grpc/grpc-js";
import { create, fromBinary, toBinary, toJson } from "@bufbuild/protobuf";
import { afterEach, describe, expect, test, vi } from "vitest";
import { GrpcError } from "../../grpc/status.ts";
import { refuse } from "../../services/refusal.ts";
import type { GatewayCall, GatewayCalls } from "../calls.ts";
import { restOver } from "./rest_testkit.ts";
import { messageNamed } from "./schema.ts";

const Event = messageNamed("gatehouse.v1.Event");
const Request = messageNamed("gatehouse.v1.WatchEventsRequest");

const eventOf = (sequence: bigint) => toBinary(Event, create(Event, { sequence, kind: 1, message: "a\nb" }));

/** Calls whose one stream is that generator's. */
function streaming(run: (call: GatewayCall) => AsyncIterable<Uint8Array>): GatewayCalls {
  return { unary: () => Promise.reject(new Error("not a stream")), stream: run };
}

const watch = (calls: GatewayCalls, headers: HeadersInit = {}, query = "") =>
  restOver(calls).fetch(`/v1/events:watch${query}`, { headers });

const refusal = () => {
  const { code, details, metadata } = refuse(status.OUT_OF_RANGE, "EVENTS_GONE", "too old");
  return new GrpcError(code, details, metadata);
};

/** Never ends, unless it is told to. */
const until = (signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));

afterEach(() => void vi.useRealTimers());

describe("events", () => {
  test("are data of one line, numbered, and end with the reason when they end badly", async () => {
    const response = await watch(streaming(async function* ({ onMetadata }) {
      onMetadata?.(new Metadata());
      yield await Promise.resolve(eventOf(7n));
      throw refusal();
    }));
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    const [retry, event, error, rest] = (await response.text()).split("\n\n");
    expect(retry).toBe("retry: 2000");
    const [id, data] = event.split("\n");
    expect(id).toBe("id: 7");
    expect(JSON.parse(data.slice("data: ".length))).toMatchObject({
      sequence: "7",
      kind: "STARTED",
      message: "a\nb",
    });
    const [name, problem] = error.split("\n");
    expect(name).toBe("event: error");
    expect(JSON.parse(problem.slice("data: ".length))).toMatchObject({
      code: status.OUT_OF_RANGE,
      details: [{ reason: "EVENTS_GONE" }],
    });
    expect(rest).toBe("");
  });

  test("say when they end well", async () => {
    const response = await watch(streaming(async function* () {
      yield await Promise.resolve(eventOf(1n));
    }));
    expect(await response.text()).toMatch(/event: end\ndata: \{\}\n\n$/);
  });

  test("are refused with a code of HTTP before there is one", async () => {
    // deno-lint-ignore require-yield -- it is refused before
    const response = await watch(streaming(async function* () {
      throw await Promise.resolve(refusal());
    }));
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: status.OUT_OF_RANGE });
  });

  test.each([
    ["12", "?afterSequence=3", "12"],
    ["not ours", "?afterSequence=3", "3"],
    ["99999999999999999999", "", undefined],
  ])("go on after Last-Event-ID %s of %j", async (id, query, after) => {
    const requests: unknown[] = [];
    const calls = streaming(async function* ({ request }) {
      requests.push(toJson(Request, fromBinary(Request, request)));
      yield await Promise.resolve(eventOf(13n));
    });
    await (await watch(calls, { "last-event-id": id }, query)).text();
    expect(requests).toEqual([after === undefined ? {} : { afterSequence: after }]);
  });

  test("have no deadline but the one that is asked for", async () => {
    const deadlines: unknown[] = [];
    const calls = streaming(async function* ({ deadlineMs }) {
      deadlines.push(deadlineMs);
      yield await Promise.resolve(eventOf(1n));
    });
    await (await watch(calls)).text();
    await (await watch(calls, { "grpc-timeout": "5S" })).text();
    expect(deadlines).toEqual([undefined, 5000]);
    expect((await watch(calls, { "grpc-timeout": "soon" })).status).toBe(400);
  });
});

describe("a client", () => {
  test("that goes ends the call", async () => {
    let signal: AbortSignal | undefined;
    const response = await watch(streaming(async function* (call) {
      signal = call.signal;
      call.onMetadata?.(new Metadata());
      yield eventOf(1n);
      await until(call.signal);
    }));
    const reader = response.body!.getReader();
    await reader.read();
    expect(signal?.aborted).toBe(false);
    await reader.cancel();
    expect(signal?.aborted).toBe(true);
  });

  test("that doesn't read holds the call back", async () => {
    let made = 0;
    const response = await watch(streaming(async function* () {
      for (; made < 1000; made++) yield await Promise.resolve(eventOf(BigInt(made)));
    }));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(made).toBeLessThan(10);
    await response.body?.cancel();
  });

  test("is told that the stream lives while nothing happens", async () => {
    vi.useFakeTimers();
    const response = await watch(streaming(async function* ({ signal, onMetadata }) {
      onMetadata?.(new Metadata());
      await until(signal);
      yield eventOf(1n);
    }));
    const reader = response.body!.getReader();
    await reader.read();
    const next = reader.read();
    await vi.advanceTimersByTimeAsync(15_000);
    expect(new TextDecoder().decode((await next).value)).toBe(":\n\n");
    await reader.cancel();
    expect(vi.getTimerCount()).toBe(0);
  });
});
