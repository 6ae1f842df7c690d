// Cases that failed once, shrunk, by property: what fuzzing found stays found.
// Must never be edited to pass: a case that no longer makes sense is removed with its reason in the commit.
import type { ConnectionCase } from "./steps.ts";
import type { PairCase } from "./pair_run.ts";

const idle = { consume: false, onHeaders: 0, onData: 0, onReset: 0, onWritable: 0 };
const small = {
  streamWindowBytes: 9_032,
  connectionWindowBytes: 65_535,
  maxFrameBytes: 16_384,
  maxConcurrentStreams: 1,
  sendHighWaterBytes: 1,
  sendLowWaterBytes: 0,
};

/** What was wrong, and the case, by the property's name. */
export const seeds: readonly { readonly property: string; readonly found: string; readonly one: unknown }[] =
  [
    {
      property: "connection",
      found: "at the connection's end a stream that the application reset in another's onReset got one too",
      one: {
        role: "server",
        config: 0,
        ready: true,
        policy: { ...idle, onReset: 1 },
        steps: [
          { do: "headers", stream: 5, list: 0, end: false, form: 0 },
          { do: "flood", what: 7, times: 1 },
          { do: "raw", bytes: [0] },
        ],
      } satisfies ConnectionCase,
    },
    {
      property: "connection",
      found:
        "a SETTINGS frame that names the table size twice: the smaller one was never acknowledged in HPACK",
      one: {
        role: "client",
        config: 0,
        ready: true,
        policy: idle,
        steps: [
          { do: "settings", pairs: [[1, 0], [1, 1]] },
          { do: "request", list: 0, end: false },
        ],
      } satisfies ConnectionCase,
    },
    {
      property: "pair",
      found:
        "a window that shrank with our SETTINGS was never opened again: what was consumed before stayed owed",
      one: {
        seed: 0,
        piece: 1,
        client: small,
        server: small,
        lag: 0,
        calls: [{
          at: 0,
          request: { sizes: [9_032, 1], trailers: 0 },
          response: { sizes: [], trailers: 1 },
          metadata: [],
          cancelAt: -1,
        }],
      } satisfies PairCase,
    },
    {
      property: "pair",
      found:
        "an empty DATA frame that ends its stream was refused where our SETTINGS had made the window negative",
      one: {
        seed: 0,
        piece: 1_000,
        client: small,
        server: { ...small, streamWindowBytes: 10_000 },
        lag: 2,
        calls: [{
          at: 0,
          request: { sizes: [10_001, 0], trailers: 0 },
          response: { sizes: [], trailers: 0 },
          metadata: [],
          cancelAt: -1,
        }],
      } satisfies PairCase,
    },
  ];
