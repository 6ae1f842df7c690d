// All properties that fuzzing tries, by name.
// Must never run anything: fuzz_test.ts runs them for seconds, main.ts for as long as it is told.
import fc from "fast-check";
import { runConnection } from "./connection_run.ts";
import { runGrpc } from "./grpc_run.ts";
import { grpcCase } from "./grpc_steps.ts";
import {
  decoderCase,
  roundTripCase,
  runDecoder,
  runRoundTrip,
  runSpoiled,
  runTable,
  spoiledCase,
  tableCase,
} from "./hpack_run.ts";
import { pairCase, runPair } from "./pair_run.ts";
import { canSoak, runSoak, soakCase } from "./soak_run.ts";
import { connectionCase } from "./steps.ts";

export interface Property {
  readonly name: string;
  /** Runs in one turn of the long fuzzing, so that each property gets a like share of the time. */
  readonly runs: number;
  /** Runs in the unit tests. */
  readonly shortRuns: number;
  /** One case, as seeds.ts keeps it. @throws (or rejects) when it fails */
  readonly replay: (one: unknown) => void | Promise<void>;
  check(options: { seed: number; numRuns: number; path?: string }): Promise<fc.RunDetails<[unknown]>>;
}

function property<T>(
  name: string,
  runs: number,
  shortRuns: number,
  cases: fc.Arbitrary<T>,
  run: (one: T) => void | Promise<void>,
): Property {
  return {
    name,
    runs,
    shortRuns,
    replay: (one) => run(one as T),
    check: async (options) =>
      await fc.check(fc.asyncProperty(cases, async (one) => await run(one)), options) as fc.RunDetails<
        [unknown]
      >,
  };
}

export const properties: readonly Property[] = [
  property("connection", 400, 200, connectionCase(40), runConnection),
  property("connection, long", 60, 20, connectionCase(300), runConnection),
  property("pair", 60, 30, pairCase, runPair),
  ...canSoak ? [property("soak", 10, 2, soakCase, runSoak)] : [],
  property("grpc server", 1_000, 100, grpcCase, runGrpc),
  property("hpack decoder", 400, 200, decoderCase, runDecoder),
  property("hpack decoder, spoiled corpus", 300, 150, spoiledCase, runSpoiled),
  property("hpack table", 200, 100, tableCase, runTable),
  property("hpack round trip", 200, 100, roundTripCase, runRoundTrip),
];
