import { expect, test } from "vitest";
import { serviceDefinition, Transport } from "../proto/mod.ts";
import { MAX_BATCH_FIELDS, MAX_DATA_BYTES, MAX_IDENTITY_UNITS, MAX_KEY_NAME_BYTES } from "./limits.ts";
import { Outbox, type OutgoingItem } from "./outbox.ts";
import type { SignerCaller } from "./signer.ts";

/** The signer's MAX_MESSAGE_BYTES. */
const SIGNER_MESSAGE_BYTES = 4 * 1024 * 1024;

const somebody = { identity: "unix", transport: Transport.UNIX };
const item = (
  id: number,
  data = new Uint8Array(0),
  key = "k",
  asker: SignerCaller = somebody,
): OutgoingItem => ({
  id,
  key,
  version: 0xffff_ffff,
  algorithm: 5,
  encoding: 1,
  data,
  digest: undefined,
  caller: 0,
  timeout_ms: 0,
  asker,
  expiresMs: 0xffff_ffff,
});

test("items keep their order and leave once", () => {
  const outbox = new Outbox();
  for (let id = 1; id <= 3; id++) outbox.add(item(id));
  expect(outbox.takeBatches(0, () => true).map(({ items }) => items.map(({ id }) => id))).toEqual([[
    1,
    2,
    3,
  ]]);
  expect(outbox.takeBatches(0, () => true)).toEqual([]);
});

test("an item that nobody waits for any more is not sent", () => {
  const outbox = new Outbox();
  for (let id = 1; id <= 3; id++) outbox.add(item(id));
  expect(outbox.takeBatches(0, ({ id }) => id !== 2).flatMap(({ items }) => items).map(({ id }) => id))
    .toEqual([1, 3]);
});

test("no message has more items or bytes than the signer takes", () => {
  const outbox = new Outbox();
  const { requestSerialize } = serviceDefinition("gatehouse.signer.v1.SignerService").Sign;
  for (let id = 0; id < MAX_BATCH_FIELDS + 1; id++) outbox.add(item(0xffff_ffff - id));
  // U+20AC takes three bytes for one UTF-16 unit.
  const longest = "\u20ac".repeat(MAX_KEY_NAME_BYTES);
  for (let id = 0; id < 3; id++) outbox.add(item(id, new Uint8Array(MAX_DATA_BYTES), longest));
  for (let id = 3; id < 30; id++) outbox.add(item(id, new Uint8Array(300_000)));
  const named = (number: number) => ({
    identity: "\u20ac".repeat(MAX_IDENTITY_UNITS - 3) + number,
    transport: 1,
  });
  for (let id = 30; id < 730; id++) outbox.add(item(id, new Uint8Array(0), "k", named(id)));
  const batches = outbox.takeBatches(0, () => true);
  expect(batches.flatMap(({ items }) => items)).toHaveLength(MAX_BATCH_FIELDS + 731);
  for (const batch of batches) {
    expect(batch.items.length + batch.callers.length + 1).toBeLessThanOrEqual(MAX_BATCH_FIELDS);
    expect(requestSerialize({ ...batch, clock_known: true }).length).toBeLessThanOrEqual(
      SIGNER_MESSAGE_BYTES,
    );
  }
});
