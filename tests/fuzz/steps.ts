// What can happen to a connection, as data: a failing run is a list of steps that can be shrunk, printed and kept.
// Must never hold a class or a function: seeds.ts keeps steps as they are.
import fc from "fast-check";

/**
 * Streams are named by what they are when the step runs: 0 the connection, 1 the next id, 2 an id further
 * on, 3 an even one, 4 the last of all, 5 and up the streams opened so far, newest first.
 */
export type Step =
  // The peer.
  | { do: "frame"; type: number; flags: number; stream: number; payload: number[] }
  | { do: "raw"; bytes: number[] }
  | { do: "headers"; stream: number; list: number; end: boolean; form: number }
  | { do: "block"; stream: number; end: boolean; bytes: number[] }
  | { do: "data"; stream: number; size: number; end: boolean; pad: number; fit: boolean }
  | { do: "reset"; stream: number; code: number }
  | { do: "windowUpdate"; stream: number; by: number }
  | { do: "settings"; pairs: [number, number][] }
  | { do: "settingsAck" }
  | { do: "ping" }
  | { do: "pong" }
  | { do: "peerGoaway"; stream: number; code: number }
  | { do: "priority"; stream: number; on: number }
  | { do: "flood"; what: number; times: number }
  // The application.
  | { do: "request"; list: number; end: boolean }
  | { do: "respond"; stream: number; list: number; end: boolean }
  | { do: "send"; stream: number; size: number; end: boolean }
  | { do: "appReset"; stream: number; code: number }
  | { do: "consume"; stream: number; size: number }
  | { do: "appPing" }
  | { do: "appGoaway"; code: number }
  | { do: "hold" }
  | { do: "release" }
  // The world.
  | { do: "take"; max: number }
  | { do: "wait"; ms: number }
  | { do: "cut"; bytes: number };

/** What the application does inside an event. */
export interface Policy {
  consume: boolean;
  onHeaders: number;
  onData: number;
  onReset: number;
  onWritable: number;
}

/** One run. */
export interface ConnectionCase {
  role: "server" | "client";
  config: number;
  /** SETTINGS are exchanged before the steps begin. */
  ready: boolean;
  policy: Policy;
  steps: Step[];
}

const byte = fc.nat({ max: 255 });
const stream = fc.oneof(
  { weight: 4, arbitrary: fc.constant(1) },
  { weight: 8, arbitrary: fc.integer({ min: 5, max: 9 }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 12 }) },
);
const liveStream = fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 5, max: 9 }) }, {
  weight: 1,
  arbitrary: fc.integer({ min: 0, max: 60 }),
});
const list = fc.nat({ max: 31 });
const code = fc.oneof(fc.constant(0), fc.constant(8), fc.nat({ max: 14 }), fc.nat({ max: 0xffff_ffff }));
const size = fc.oneof(
  fc.nat({ max: 20 }),
  fc.nat({ max: 2_000 }),
  fc.nat({ max: 20_000 }),
  fc.constantFrom(16_384, 16_385, 65_535, 65_536),
);
const sendSize = fc.oneof(fc.nat({ max: 10 }), fc.nat({ max: 20_000 }), fc.nat({ max: 300_000 }));
const windowStep = fc.oneof(
  fc.nat({ max: 100 }),
  fc.nat({ max: 100_000 }),
  fc.constantFrom(0, 1, 0x7fff_ffff, 0x8000_0001, 0x7fff_0000),
);
const settingValue = fc.oneof(
  fc.nat({ max: 10 }),
  fc.nat({ max: 100_000 }),
  fc.constantFrom(0, 1, 16_384, 16_777_215, 65_535, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff),
);
const pair = fc.tuple(
  fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1, max: 6 }) }, fc.nat(0xffff)),
  settingValue,
);

const peerSteps: fc.WeightedArbitrary<Step>[] = [
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("frame" as const),
      type: fc.nat({ max: 11 }),
      flags: byte,
      stream,
      payload: fc.array(byte, { maxLength: 40 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("raw" as const), bytes: fc.array(byte, { maxLength: 30 }) }),
  },
  {
    weight: 14,
    arbitrary: fc.record({
      do: fc.constant("headers" as const),
      stream,
      list,
      end: fc.boolean(),
      form: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: byte }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("block" as const),
      stream,
      end: fc.boolean(),
      bytes: fc.array(fc.oneof(byte, fc.constantFrom(0x82, 0x86, 0x84, 0x20, 0xbe, 0x3f)), { maxLength: 40 }),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant("data" as const),
      stream: liveStream,
      size,
      end: fc.boolean(),
      pad: fc.oneof({ weight: 4, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: byte }),
      fit: fc.oneof({ weight: 8, arbitrary: fc.constant(true) }, {
        weight: 1,
        arbitrary: fc.constant(false),
      }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("reset" as const), stream: liveStream, code }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("windowUpdate" as const),
      stream: fc.oneof(fc.constant(0), stream),
      by: windowStep,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("settings" as const), pairs: fc.array(pair, { maxLength: 4 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("settingsAck" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("ping" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("pong" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("peerGoaway" as const), stream, code }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("priority" as const),
      stream,
      on: fc.integer({ min: 0, max: 9 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("flood" as const),
      what: fc.nat({ max: 9 }),
      times: fc.oneof(fc.nat({ max: 50 }), fc.nat({ max: 2_500 })),
    }),
  },
];

const appSteps: fc.WeightedArbitrary<Step>[] = [
  { weight: 6, arbitrary: fc.record({ do: fc.constant("request" as const), list, end: fc.boolean() }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("respond" as const),
      stream: liveStream,
      list,
      end: fc.boolean(),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("send" as const),
      stream: liveStream,
      size: sendSize,
      end: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("appReset" as const), stream: liveStream, code }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("consume" as const),
      stream: liveStream,
      size: fc.nat({ max: 70_000 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("appPing" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("appGoaway" as const),
      code: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.nat({ max: 13 })),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("hold" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("release" as const) }) },
];

const worldSteps: fc.WeightedArbitrary<Step>[] = [
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("take" as const),
      max: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 30 }), fc.nat({ max: 70_000 })),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("wait" as const),
      ms: fc.oneof(fc.nat({ max: 100 }), fc.nat({ max: 20_000 }), fc.constantFrom(5_000, 10_000, 120_000)),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("cut" as const),
      bytes: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 30 }), fc.constant(-1)),
    }),
  },
];

const step: fc.Arbitrary<Step> = fc.oneof(...peerSteps, ...appSteps, ...worldSteps);

export const connectionCase = (maxSteps: number): fc.Arbitrary<ConnectionCase> =>
  fc.record({
    role: fc.constantFrom("server" as const, "client" as const),
    config: fc.nat({ max: 3 }),
    ready: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, {
      weight: 1,
      arbitrary: fc.constant(false),
    }),
    policy: fc.record({
      consume: fc.boolean(),
      onHeaders: fc.nat({ max: 6 }),
      onData: fc.nat({ max: 5 }),
      onReset: fc.nat({ max: 4 }),
      onWritable: fc.nat({ max: 2 }),
    }),
    steps: fc.array(step, { maxLength: maxSteps, size: "max" }),
  });
