// Short forms of the fault runs that need the signer's program; those of the store are in dataplane/signer/tests/durability.
import { expect, test } from "vitest";
import { cantMount, fullDisk, readOnlyDisk } from "./full_disk.ts";
import { killSigner } from "./kept_in_signer.ts";

test(
  "kill -9 of the signer while keys are made, rotated and destroyed loses nothing acknowledged",
  async () => {
    const { rounds, acknowledged } = await killSigner(25);
    expect(rounds).toBe(25);
    expect(acknowledged).toBeGreaterThan(100);
  },
  120_000,
);

test("a full disk refuses changes by name, signing goes on, and room mends it", async (context) => {
  const reason = await cantMount();
  if (reason) return context.skip(reason);
  expect(await fullDisk(3)).toMatch(/none half$/);
}, 60_000);

test("a disk that is mounted read-only does too", async (context) => {
  const reason = await cantMount();
  if (reason) return context.skip(reason);
  expect(await readOnlyDisk()).toMatch(/none half$/);
}, 60_000);
