import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { driftOf } from "./drift.ts";
import { KERNEL_FILE, ROOT_FILE, writeManifest } from "./image/manifest.ts";

let dir: string;
beforeEach(async () => {
  dir = await Deno.makeTempDir();
});
afterEach(() => Deno.remove(dir, { recursive: true }));

async function image(drift: { name: string; locked?: string; installed?: string }[]): Promise<void> {
  for (const file of [KERNEL_FILE, ROOT_FILE]) await Deno.writeTextFile(join(dir, file), "");
  await writeManifest(dir, {
    key: "0".repeat(32),
    kernelVersion: "6.1",
    kernelCommandLine: "",
    rootPartuuid: "",
    drift,
    sha256: { vmlinuz: "", rootfs: "" },
    rootfsBytes: 0,
    builtAt: "",
  });
}

it("an image made earlier tells its drift, and with locked is refused for it", async () => {
  await image([{ name: "libc6", locked: "2.1", installed: "2.2" }]);
  expect(await driftOf(dir, false)).toEqual(["libc6: locked at 2.1, 2.2 installed"]);
  await expect(driftOf(dir, true)).rejects.toMatchObject({
    message: expect.stringContaining("libc6: locked at 2.1, 2.2 installed"),
  });
});

it("an image as the lock names it, and one that is gone, have none", async () => {
  expect(await driftOf(join(dir, "gone"), true)).toEqual([]);
  await image([]);
  expect(await driftOf(dir, true)).toEqual([]);
});
