// What can happen to a gRPC server connection, as data; see steps.ts.
// Must never name what a handler does but by its letter: grpc_handlers.ts knows.
import fc from "fast-check";

/** `stream` 5 is the newest, 6 the one before it, and so on. */
export type GrpcStep =
  | {
    do: "open";
    kind: number;
    method: number;
    contentType: number;
    timeout: number;
    encoding: number;
    accept: boolean;
    metadata: string;
    end: boolean;
  }
  | {
    do: "message";
    stream: number;
    letter: number;
    size: number;
    gzip: boolean;
    /** The compressed flag; -1: the right one. */
    flag: number;
    /** Added to the length prefix. */
    claim: number;
    piece: number;
    end: boolean;
  }
  | { do: "bytes"; stream: number; bytes: number[]; end: boolean }
  | { do: "trailers"; stream: number }
  | { do: "reset"; stream: number; code: number }
  | { do: "windowUpdate"; stream: number; by: number }
  | { do: "settings"; pairs: [number, number][] }
  | { do: "frame"; type: number; flags: number; stream: number; payload: number[] }
  | { do: "ping" }
  | { do: "wait"; ms: number }
  | { do: "reading"; on: boolean }
  | { do: "cut"; bytes: number }
  | { do: "drain" }
  | { do: "hangUp" };

export interface GrpcCase {
  maxMessageBytes: number;
  /** 0: the default. */
  maxStreams: number;
  /** Connections are short-lived. */
  strict: boolean;
  steps: GrpcStep[];
}

const stream = fc.oneof({ weight: 4, arbitrary: fc.constant(5) }, {
  weight: 2,
  arbitrary: fc.integer({ min: 5, max: 9 }),
});
const mostly = <T>(usual: T, others: fc.Arbitrary<T>, weight = 8): fc.Arbitrary<T> =>
  fc.oneof({ weight, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: others });

const step: fc.Arbitrary<GrpcStep> = fc.oneof(
  {
    weight: 14,
    arbitrary: fc.record({
      do: fc.constant("open" as const),
      kind: fc.oneof({ weight: 12, arbitrary: fc.nat({ max: 3 }) }, { weight: 1, arbitrary: fc.constant(4) }),
      method: mostly(0, fc.nat({ max: 3 })),
      contentType: mostly(0, fc.nat({ max: 3 })),
      timeout: fc.oneof(fc.constant(0), fc.nat({ max: 5 })),
      encoding: fc.oneof({ weight: 3, arbitrary: fc.nat({ max: 1 }) }, {
        weight: 1,
        arbitrary: fc.nat({ max: 4 }),
      }),
      accept: fc.boolean(),
      metadata: mostly("", fc.constantFrom("AAEC", "%%%", "a", "AAEC,AAEC"), 3),
      end: mostly(false, fc.constant(true)),
    }),
  },
  {
    weight: 20,
    arbitrary: fc.record({
      do: fc.constant("message" as const),
      stream,
      letter: fc.nat({ max: 13 }),
      size: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.nat({ max: 2_000 }), fc.nat({ max: 60_000 })),
      gzip: fc.boolean(),
      flag: mostly(-1, fc.nat({ max: 3 }), 12),
      claim: mostly(
        0,
        fc.oneof(fc.integer({ min: -10, max: 10 }), fc.constantFrom(0x7fff_0000, 100_000)),
        12,
      ),
      piece: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 50 })),
      end: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("bytes" as const),
      stream,
      bytes: fc.array(fc.nat({ max: 255 }), { maxLength: 30 }),
      end: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("trailers" as const), stream }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("reset" as const), stream, code: fc.nat({ max: 13 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("windowUpdate" as const),
      stream: fc.integer({ min: 3, max: 8 }),
      by: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 500_000 })),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("settings" as const),
      pairs: fc.array(
        fc.tuple(fc.constantFrom(1, 4), fc.oneof(fc.nat({ max: 100 }), fc.nat({ max: 200_000 }))),
        { maxLength: 2 },
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("frame" as const),
      type: fc.nat({ max: 10 }),
      flags: fc.nat({ max: 255 }),
      stream,
      payload: fc.array(fc.nat({ max: 255 }), { maxLength: 20 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("ping" as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("wait" as const),
      ms: fc.oneof(fc.nat({ max: 600 }), fc.nat({ max: 10_000 }), fc.constantFrom(30_000, 130_000)),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("reading" as const), on: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("cut" as const),
      bytes: fc.oneof(fc.constant(0), fc.nat({ max: 40 })),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("drain" as const, "hangUp" as const) }) },
);

export const grpcCase: fc.Arbitrary<GrpcCase> = fc.record({
  maxMessageBytes: fc.constantFrom(4_194_304, 1_000, 50_000),
  maxStreams: fc.constantFrom(0, 0, 4),
  strict: fc.boolean(),
  steps: fc.array(step, { maxLength: 40, size: "max" }),
});
