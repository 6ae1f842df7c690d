// Another sealing key in place of the one before: whatever breaks off, a file that opens the store is there.
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { diskSteps, type FileSteps } from "../files/durable_file.ts";
import { adoptSealingKey } from "./sealing_key.ts";

const [OLD, NEW] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
let dir: string;
let path: string;
let next: string;
beforeEach(async () => {
  dir = await Deno.makeTempDir({ prefix: "gatehouse-sealing-" });
  [path, next] = [join(dir, "sealing.key"), join(dir, "sealing.key.new")];
  await Deno.writeFile(path, OLD);
  await Deno.writeFile(next, NEW);
});
afterEach(() => Deno.remove(dir, { recursive: true }));

const names = () => [...Deno.readDirSync(dir)].map(({ name }) => name);

test("the next one takes its place, 0600, and only one file is left", async () => {
  await adoptSealingKey(path, next);
  expect(await Deno.readFile(path)).toEqual(NEW);
  expect((await Deno.stat(path)).mode! & 0o777).toBe(0o600);
  expect(names()).toEqual(["sealing.key"]);
});

test("broken off at any step, the new key is in one of the files, and doing it again ends it", async () => {
  for (let step = 0;; step++) {
    await Deno.writeFile(path, OLD);
    await Deno.writeFile(next, NEW);
    const done = await adoptSealingKey(path, next, breaking(step)).then(() => true, () => false);
    if (done) return expect(step).toBeGreaterThan(3);
    const found = await Promise.all([path, next].map((file) => Deno.readFile(file).catch(() => undefined)));
    expect(found.some((key) => key?.[0] === NEW[0])).toBe(true);
    if (found[1] !== undefined) await adoptSealingKey(path, next);
    expect(await Deno.readFile(path)).toEqual(NEW);
  }
});

/** The disk's steps, until the one that a power cut comes before. */
function breaking(at: number): FileSteps {
  let left = at;
  const orDie = () => {
    if (left-- === 0) throw new Error("power cut");
  };
  return {
    write: async (...args) => (orDie(), await diskSteps.write(...args)),
    rename: async (...args) => (orDie(), await diskSteps.rename(...args)),
    remove: async (...args) => (orDie(), await diskSteps.remove(...args)),
    syncDir: async (...args) => (orDie(), await diskSteps.syncDir(...args)),
  };
}

test("what is no sealing key takes nobody's place", async () => {
  await Deno.writeFile(next, NEW.subarray(1));
  await expect(adoptSealingKey(path, next)).rejects.toMatchObject({ code: "state-damaged" });
  expect(await Deno.readFile(path)).toEqual(OLD);
});
