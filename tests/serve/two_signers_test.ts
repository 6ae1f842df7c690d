// One store, one signer: a second `gatehouse serve` on the same state is told
// so, and the first keeps serving.
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { gatehouseJson, tryGatehouse } from "../lib/command.ts";
import { type Serving, startServe } from "../lib/serve.ts";

let serving: Serving;
beforeAll(async () => {
  serving = await startServe();
}, 120_000);
afterAll(() => serving.stop());

test("a second serve on the same state is refused with what to do, and the first lives on", async () => {
  const state = join(serving.dir, "state");
  const second = await tryGatehouse(["serve", "--state", state, "--listen", "tcp://127.0.0.1:0"]);
  expect(second.code).toBe(1);
  expect(second.out).toBe("");
  expect(second.err).toContain(`another signer uses the store in ${state}. Stop it first, or`);
  const reply = await gatehouseJson<{ payload_bytes: number }>(["echo", "alone", "--server", serving.tcp]);
  expect(reply.payload_bytes).toBe("alone".length);
}, 30_000);
