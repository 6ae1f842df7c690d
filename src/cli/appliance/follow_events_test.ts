// Taking up the stream of events again: what is seen once, what is said, and when it gives up.
import { status } from "@grpc/grpc-js";
import Long from "long";
import { expect, test } from "vitest";
import { GrpcError } from "../../grpc/client.ts";
import type { Event, GetStatusResponse, WatchEventsRequestInit } from "../../proto/mod.ts";
import { followEvents } from "./follow_events.ts";

const event = (sequence: number) => ({ sequence: Long.fromNumber(sequence, true) }) as Event;

/** What one watch gives, and how it ends. */
interface Run {
  /** The agent's start, by which a new one is known. */
  startedAt?: number;
  last: number;
  events?: number[];
  error?: GrpcError;
  /** Not even Status answers. */
  down?: GrpcError;
}

const unavailable = new GrpcError(status.UNAVAILABLE, "connection refused");

function follow(runs: Run[], options: { after?: number; follow?: boolean } = {}) {
  const requests: WatchEventsRequestInit[] = [];
  const notices: string[] = [];
  const abort = new AbortController();
  let run: Run | undefined;
  const calls = {
    status() {
      run = runs.shift();
      if (run === undefined) {
        abort.abort();
        return Promise.reject(unavailable);
      }
      if (run.down) return Promise.reject(run.down);
      return Promise.resolve({
        last_event: Long.fromNumber(run.last),
        started_at_ms: Long.fromNumber(run.startedAt ?? 1),
      } as GetStatusResponse);
    },
    async *watchEvents(request: WatchEventsRequestInit) {
      requests.push(request);
      for (const sequence of run?.events ?? []) yield await Promise.resolve(event(sequence));
      throw run?.error ?? unavailable;
    },
  };
  const all = followEvents(calls, {
    after: options.after ?? 0,
    follow: options.follow ?? true,
    signal: abort.signal,
    onNotice: (text) => notices.push(text),
    sleep: () => Promise.resolve(),
    now: () => new Date(0),
  });
  return { all, requests, notices };
}

async function numbers(all: AsyncIterable<Event>): Promise<number[]> {
  const seen = [];
  for await (const { sequence } of all) seen.push(sequence.toNumber());
  return seen;
}

test("without following it ends at the event that was the newest when it began", async () => {
  const { all, requests } = follow([{ last: 3, events: [1, 2, 3, 4] }], { follow: false });
  expect(await numbers(all)).toEqual([1, 2, 3]);
  expect(requests).toEqual([{ after_sequence: 0, include_kept: true }]);
  expect(await numbers(follow([{ last: 3 }], { follow: false, after: 3 }).all)).toEqual([]);
});

test("a break is said once, each other reason for it too, and the stream goes on after the last number that was seen", async () => {
  const { all, requests, notices } = follow([
    { last: 2, events: [1, 2] },
    { last: 0, down: unavailable },
    { last: 0, down: new GrpcError(status.UNAVAILABLE, "our certificate is revoked") },
    { last: 0, down: new GrpcError(status.UNAVAILABLE, "our certificate is revoked") },
    { last: 4, events: [3, 4] },
  ]);
  expect(await numbers(all)).toEqual([1, 2, 3, 4]);
  expect(requests[1]).toEqual({ after_sequence: 2, include_kept: false });
  expect(notices.slice(0, 3)).toEqual([
    "the stream broke (connection refused); trying again since 1970-01-01T00:00:00.000Z",
    "still away: our certificate is revoked",
    "the stream is back; it was away since 1970-01-01T00:00:00.000Z",
  ]);
});

test("an agent that has started anew is followed from its first event, though its numbers are higher", async () => {
  const { all, requests, notices } = follow([
    { startedAt: 1, last: 2, events: [1, 2] },
    { startedAt: 9, last: 7, events: [1, 2, 3] },
  ]);
  expect(await numbers(all)).toEqual([1, 2, 1, 2, 3]);
  expect(requests[1]).toEqual({ after_sequence: 0, include_kept: true });
  expect(notices).toContainEqual(expect.stringMatching(/started anew.*after event 2/));
});

test("events that are kept no longer are said, and the oldest kept one is next", async () => {
  const gone = new GrpcError(status.OUT_OF_RANGE, "gone");
  const { all, requests, notices } = follow([
    { last: 2_000, error: gone },
    { last: 2_000, events: [977] },
  ], { after: 5 });
  expect(await numbers(all)).toEqual([977]);
  expect(requests).toEqual([
    { after_sequence: 5, include_kept: false },
    { after_sequence: 0, include_kept: true },
  ]);
  expect(notices[0]).toMatch(/after 5 are kept no longer/);
});

test.each([
  ["a server that can't be reached at first", [{ last: 0, down: unavailable }], status.UNAVAILABLE],
  [
    "a right that was taken away meanwhile",
    [{ last: 1, events: [1] }, { last: 0, down: new GrpcError(status.PERMISSION_DENIED, "no") }],
    status.PERMISSION_DENIED,
  ],
])("%s is an error, not a reason to try for ever", async (_name, runs, code) => {
  await expect(numbers(follow(runs).all)).rejects.toMatchObject({ code });
});
