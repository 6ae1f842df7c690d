import { status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { FullLanes } from "./full_lanes.ts";
import { SignerError } from "./signer.ts";

const caller = { identity: "dns:ci.example", transport: 1 };
const job = { key: "release", caller, data: new Uint8Array(63), timeLeftMs: 1_000 };
const full = new SignerError(status.RESOURCE_EXHAUSTED, "the queue is full", "QUEUE_FULL", 800);

test("who was told that the queue is full is told so again, for an eighth of the delay", () => {
  const lanes = new FullLanes();
  expect(lanes.refusal(job, 0)).toBeUndefined();
  lanes.note(job, full, 0);
  expect(lanes.refusal(job, 99)).toBe(full);
  expect(lanes.refusal(job, 100)).toBeUndefined();
  expect(lanes.refusal(job, 99)).toBeUndefined();
});

test("others are asked about: another caller, key or queue, and who has more time", () => {
  const lanes = new FullLanes();
  lanes.note(job, full, 0);
  for (
    const other of [
      { ...job, caller: { ...caller, identity: "dns:web.example" } },
      { ...job, caller: { ...caller, transport: 2 } },
      { ...job, key: "other" },
      { ...job, data: new Uint8Array(64 * 1024) },
      { ...job, timeLeftMs: 1_001 },
      { ...job, timeLeftMs: undefined },
    ]
  ) expect(lanes.refusal(other, 1)).toBeUndefined();
  expect(lanes.refusal({ ...job, timeLeftMs: 999 }, 1)).toBe(full);
});

test("no other refusal is remembered, nor one of much data", () => {
  const lanes = new FullLanes();
  lanes.note(job, new SignerError(status.RESOURCE_EXHAUSTED, "too often", "RATE", 800), 0);
  lanes.note({ ...job, data: new Uint8Array(64 * 1024) }, full, 0);
  expect(lanes.refusal(job, 1)).toBeUndefined();
});

test("so many are remembered and no more, but those whose time is over make room", () => {
  const lanes = new FullLanes();
  for (let number = 0; number < 256; number++) lanes.note({ ...job, key: `${number}` }, full, 0);
  lanes.note(job, full, 1);
  expect(lanes.refusal(job, 2)).toBeUndefined();
  expect(lanes.refusal({ ...job, key: "255" }, 2)).toBe(full);
  lanes.note(job, full, 200);
  expect(lanes.refusal(job, 201)).toBe(full);
});
