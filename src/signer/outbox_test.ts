import { expect, test } from "vitest";
import { serviceDefinition } from "../proto/mod.ts";
import { MAX_BATCH_ITEMS, MAX_DATA_BYTES, MAX_KEY_NAME_BYTES } from "./limits.ts";
import { Outbox } from "./outbox.ts";

/** The signer's MAX_MESSAGE_BYTES. */
const SIGNER_MESSAGE_BYTES = 4 * 1024 * 1024;

const item = (id: number, data = new Uint8Array(0), key = "k") => ({ id, key, algorithm: 5, data });

test("items keep their order and leave once", () => {
  const outbox = new Outbox();
  for (let id = 1; id <= 3; id++) outbox.add(item(id));
  expect(outbox.takeBatches(() => true).map((batch) => batch.map(({ id }) => id))).toEqual([[1, 2, 3]]);
  expect(outbox.isEmpty).toBe(true);
  expect(outbox.takeBatches(() => true)).toEqual([]);
});

test("an item that nobody waits for any more is not sent", () => {
  const outbox = new Outbox();
  for (let id = 1; id <= 3; id++) outbox.add(item(id));
  expect(outbox.takeBatches((id) => id !== 2).flat().map(({ id }) => id)).toEqual([1, 3]);
});

test("no message has more items or bytes than the signer takes", () => {
  const outbox = new Outbox();
  const { requestSerialize } = serviceDefinition("gatehouse.signer.v1.SignerService").Sign;
  for (let id = 0; id < MAX_BATCH_ITEMS + 1; id++) outbox.add(item(0xffff_ffff - id));
  // U+20AC takes three bytes for one UTF-16 unit.
  const longest = "\u20ac".repeat(MAX_KEY_NAME_BYTES);
  for (let id = 0; id < 3; id++) outbox.add(item(id, new Uint8Array(MAX_DATA_BYTES), longest));
  for (let id = 3; id < 30; id++) outbox.add(item(id, new Uint8Array(300_000)));
  const batches = outbox.takeBatches(() => true);
  expect(batches.flat()).toHaveLength(MAX_BATCH_ITEMS + 31);
  for (const items of batches) {
    expect(items.length).toBeLessThanOrEqual(MAX_BATCH_ITEMS);
    expect(requestSerialize({ items }).length).toBeLessThanOrEqual(SIGNER_MESSAGE_BYTES);
  }
});
