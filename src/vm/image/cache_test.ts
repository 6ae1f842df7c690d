import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { imageDir, prune, publish, sweepDrafts, withCacheLock } from "./cache.ts";

let cache: string;
const names = () => [...Deno.readDirSync(cache)].map((entry) => entry.name).sort();

beforeEach(async () => {
  cache = await Deno.makeTempDir();
});

afterEach(() => Deno.remove(cache, { recursive: true }));

describe("the cache", () => {
  it("shows an image under its name only when all of it is there", async () => {
    const dir = imageDir(cache, "k");
    await publish(cache, dir, async (draft) => {
      expect(names()).not.toContain("k");
      await Deno.writeTextFile(join(draft, "x"), "1");
    });
    expect(names()).toEqual(["k"]);
    expect(await Deno.readTextFile(join(dir, "x"))).toBe("1");
  });

  it("keeps nothing of a build that failed, and the older image stays", async () => {
    await publish(cache, imageDir(cache, "k"), (draft) => Deno.writeTextFile(join(draft, "x"), "old"));
    await expect(publish(cache, imageDir(cache, "k"), async (draft) => {
      await Deno.writeTextFile(join(draft, "x"), "half");
      throw new Error("stopped");
    })).rejects.toThrow("stopped");
    expect(names()).toEqual(["k"]);
    expect(await Deno.readTextFile(join(imageDir(cache, "k"), "x"))).toBe("old");
  });

  it("sweeps what a killed build left", async () => {
    await Deno.mkdir(join(cache, "draft-dead/root"), { recursive: true });
    await Deno.mkdir(join(cache, "debs"));
    await sweepDrafts(cache);
    expect(names()).toEqual(["debs"]);
  });

  it("lets one build work at a time; a waiting one says so and can be stopped", async () => {
    let release = () => {};
    const first = withCacheLock(
      cache,
      () => {},
      undefined,
      () => new Promise<void>((resolve) => release = resolve),
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    const stop = new AbortController();
    let waits = 0;
    const second = withCacheLock(cache, () => waits++, stop.signal, () => Promise.resolve());
    setTimeout(() => stop.abort(), 50);
    await expect(second).rejects.toMatchObject({ code: "cancelled" });
    expect(waits).toBeGreaterThan(0);
    release();
    await first;
    await withCacheLock(cache, () => {}, undefined, () => Promise.resolve());
  });

  it("forgets the images that were longest unused and nothing else", async () => {
    const keys = Array.from({ length: 6 }, (_, index) => `${index}`.repeat(32));
    for (const [age, key] of keys.entries()) {
      await Deno.mkdir(join(cache, key));
      await Deno.utime(join(cache, key), new Date(1e12 - age * 1e6), new Date(1e12 - age * 1e6));
    }
    await Deno.mkdir(join(cache, "debs"));
    await prune(cache);
    expect(names()).toEqual([...keys.slice(0, 4), "debs"]);
  });
});
