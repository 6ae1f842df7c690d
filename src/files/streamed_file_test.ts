import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { digestFile, writeNew } from "./streamed_file.ts";

let dir: string;
beforeEach(async () => {
  dir = await Deno.makeTempDir({ prefix: "gatehouse-streamed-" });
});
afterEach(() => Deno.remove(dir, { recursive: true }));

const names = () => [...Deno.readDirSync(dir)].map(({ name }) => name);
async function* parts(...texts: (string | Error)[]) {
  for (const text of texts) {
    if (text instanceof Error) throw text;
    yield await Promise.resolve(new TextEncoder().encode(text));
  }
}

test("it holds what came, is its owner's alone, and has the digest that was told", async () => {
  const path = join(dir, "file");
  const written = await writeNew(path, parts("one", "", "two"));
  expect(await Deno.readTextFile(path)).toBe("onetwo");
  expect((await Deno.stat(path)).mode! & 0o777).toBe(0o600);
  expect(await digestFile(path)).toEqual(written);
  expect(names()).toEqual(["file"]);
});

test("a stream that breaks off leaves nothing", async () => {
  await expect(writeNew(join(dir, "file"), parts("one", new Error("lost")))).rejects.toThrow("lost");
  expect(names()).toEqual([]);
});

test("a file that is there stays as it is", async () => {
  await Deno.writeTextFile(join(dir, "file"), "old");
  await expect(writeNew(join(dir, "file"), parts("new"))).rejects.toThrow(Deno.errors.AlreadyExists);
  expect(await Deno.readTextFile(join(dir, "file"))).toBe("old");
  expect(names()).toEqual(["file"]);
});
