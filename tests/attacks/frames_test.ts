// Attacks made of frames: each attacker is told which limit it passed and closed, good calls go on, memory stays.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FRAME, framesIn, responseBlocks } from "../lib/raw_http2.ts";
import { type Attack, attackOnce, countFrames, type Refusal, type Told } from "./attack.ts";
import { ATTACKS } from "./attacks.ts";
import { Arena } from "./beside.ts";
import { expectGoodCallsBeside } from "./bounds.ts";

let arena: Arena;
beforeAll(async () => {
  arena = await Arena.start();
}, 120_000);
afterAll(() => arena.stop());

function expectTold(told: Told, { goaway }: Attack): void {
  expect(told.closed).toBe(true);
  expect(told.goaway?.code).toBe(goaway.code);
  expect(told.goaway?.debug).toMatch(goaway.debug);
}

/** How requests were refused, in order. */
function refusals(bytes: Uint8Array): Refusal[] {
  const found: Refusal[] = [];
  for (const { type, payload } of framesIn(bytes)) {
    if (type === FRAME.RST_STREAM) found.push({ reset: payload[3] });
  }
  return [...found, ...responseBlocks(bytes).map(({ fields }) => ({ status: fields[":status"] }))];
}

describe.each(ATTACKS)("$name", (attack) => {
  const script = attack.script();

  test(`is told after at most ${attack.frames} frames`, async () => {
    expect(countFrames(script)).toBe(attack.frames);
    const told = await attackOnce(arena.serving.hostPort, script);
    expectTold(told, attack);
    if (attack.refusal) expect(refusals(told.bytes)[0]).toEqual(attack.refusal);
  });

  test("leaves good calls their rate and the agent its memory", async () => {
    const once = () => attackOnce(arena.serving.hostPort, script);
    const told = await expectGoodCallsBeside(arena, once, attack.attackers);
    for (const one of told) expectTold(one, attack);
  }, 20_000);
});
