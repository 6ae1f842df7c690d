import { Metadata, status } from "@grpc/grpc-js";
import { beforeEach, expect, test } from "vitest";
import { GrpcError } from "../../grpc/client.ts";
import { VirtualClock } from "../../grpc/virtual_clock.ts";
import { resourcesOf } from "../otlp/resources.ts";
import { finishedSpan, SpanKind } from "./span.ts";
import { BATCH_DELAY_MS, MAX_BATCH_SPANS, MAX_QUEUED_SPANS, SpanExport } from "./span_export.ts";
import { newSpanId, newTraceId } from "./trace_context.ts";

const { agent } = resourcesOf("x", "1");
const span = () =>
  finishedSpan({
    name: "a.B/C",
    kind: SpanKind.SERVER,
    resource: agent,
    traceId: newTraceId(),
    spanId: newSpanId(),
    tracestate: "",
    startMs: 1,
    endMs: 2,
    attributes: {},
  });

let clock: VirtualClock;
let exported: number;
let answer: () => Promise<Uint8Array>;
let sent: number;
let lost: number;
let closed: boolean;
const make = () =>
  new SpanExport({
    client: {
      export: () => {
        exported++;
        return answer();
      },
      close: () => void (closed = true),
    },
    clock,
    onSent: (spans) => sent += spans,
    onLost: (spans) => lost += spans,
  });
const refuse = (code: status) => () => Promise.reject(new GrpcError(code, "no", new Metadata()));
const turn = () => new Promise((resolve) => setImmediate(resolve));
/** In steps, so that what waits for one another goes on. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 500) {
    clock.advance(500);
    await turn();
  }
}
beforeEach(() => {
  clock = new VirtualClock();
  exported = sent = lost = 0;
  closed = false;
  answer = () => Promise.resolve(new Uint8Array());
});

test("spans wait for others, at most so long, and leave together", async () => {
  const spans = make();
  for (let count = 0; count < 3; count++) expect(spans.add(span())).toBe(true);
  clock.advance(BATCH_DELAY_MS - 1);
  expect(exported).toBe(0);
  await pass(500);
  expect([exported, sent, lost]).toEqual([1, 3, 0]);
});

test("spans that come during an export wait for others as the first ones did", async () => {
  const spans = make();
  let arrive = () => {};
  answer = () => new Promise((resolve) => arrive = () => resolve(new Uint8Array()));
  spans.add(span());
  await pass(BATCH_DELAY_MS);
  for (let count = 0; count < 3; count++) spans.add(span());
  arrive();
  await turn();
  await pass(BATCH_DELAY_MS - 500);
  expect([exported, sent]).toEqual([1, 1]);
  await pass(500);
  arrive();
  await turn();
  expect([exported, sent]).toEqual([2, 4]);
});

test("a full batch leaves at once", async () => {
  const spans = make();
  for (let count = 0; count < MAX_BATCH_SPANS; count++) spans.add(span());
  await pass(500);
  expect([exported, sent]).toEqual([1, MAX_BATCH_SPANS]);
});

test("a collector that isn't there is asked ever more seldom, and no more than so many spans wait for it", async () => {
  answer = refuse(status.UNAVAILABLE);
  const spans = make();
  let refused = 0;
  for (let count = 0; count < 3 * MAX_QUEUED_SPANS; count++) refused += spans.add(span()) ? 0 : 1;
  expect(spans.hasRoom).toBe(false);
  expect(refused).toBe(2 * MAX_QUEUED_SPANS - MAX_BATCH_SPANS);
  await pass(60_000);
  expect(exported).toBeLessThan(40);
  expect(lost).toBeGreaterThan(0);
  expect(lost % MAX_BATCH_SPANS).toBe(0);
  answer = () => Promise.resolve(new Uint8Array());
  await pass(300_000);
  expect(sent + lost).toBe(MAX_QUEUED_SPANS + MAX_BATCH_SPANS);
  expect(spans.hasRoom).toBe(true);
});

test("what the collector refuses for good isn't sent again", async () => {
  answer = refuse(status.INVALID_ARGUMENT);
  const spans = make();
  spans.add(span());
  await pass(BATCH_DELAY_MS);
  expect([exported, lost]).toEqual([1, 1]);
  await pass(300_000);
  expect(exported).toBe(1);
});

test("what waits at the end is tried once, and nothing is taken after it", async () => {
  const spans = make();
  spans.add(span());
  await spans.close(100);
  expect([exported, sent, closed]).toEqual([1, 1, true]);
  expect(spans.add(span())).toBe(false);
});

test("the end waits no longer than it is told for a collector that says nothing", async () => {
  answer = () => new Promise(() => {});
  const spans = make();
  spans.add(span());
  const end = spans.close(100);
  await pass(100);
  await end;
  expect(closed).toBe(true);
});
