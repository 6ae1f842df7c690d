// Conns in memory: what is written is read, in order, whatever the sizes; an end is seen by both.
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Peer } from "../grpc/conn.ts";
import { memoryConns } from "./memory_conn.ts";

const PEER: Peer = { transport: "unix", address: "unix:///x" };

test("what one end writes the other reads, whatever the sizes of both", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { maxLength: 20 }),
      fc.integer({ min: 1, max: 64 }),
      async (pieces, readBytes) => {
        const [caller, server] = memoryConns(PEER);
        const writing = (async () => {
          for (const piece of pieces) {
            for (let at = 0; at < piece.length;) at += await caller.write(piece.subarray(at));
          }
          caller.close();
        })();
        const got: number[] = [];
        const buffer = new Uint8Array(readBytes);
        for (let n = await server.read(buffer); n !== null; n = await server.read(buffer)) {
          got.push(...buffer.subarray(0, n));
        }
        await writing;
        expect(got).toEqual(pieces.flatMap((piece) => [...piece]));
      },
    ),
    { numRuns: 200 },
  );
});

test("a close ends a read that waits, and refuses a write that does", async () => {
  const [caller, server] = memoryConns(PEER);
  const reading = server.read(new Uint8Array(1));
  const writing = server.write(new Uint8Array(1));
  caller.close();
  caller.close();
  expect(await reading).toBeNull();
  await expect(writing).rejects.toThrow("closed");
  await expect(caller.write(new Uint8Array(1))).rejects.toThrow("closed");
  expect(await caller.read(new Uint8Array(1))).toBeNull();
});
