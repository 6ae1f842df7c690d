import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { replaceFile } from "./durable_file.ts";

let dir: string;
beforeEach(async () => {
  dir = await Deno.makeTempDir({ prefix: "gatehouse-durable-" });
});
afterEach(() => Deno.remove(dir, { recursive: true }));

const bytes = (text: string) => new TextEncoder().encode(text);

test("a file is made or replaced, readable by its owner only, and no draft is left", async () => {
  const path = join(dir, "file");
  await replaceFile(path, bytes("one"));
  await replaceFile(path, bytes("two"));
  expect(await Deno.readTextFile(path)).toBe("two");
  expect((await Deno.stat(path)).mode! & 0o777).toBe(0o600);
  expect([...Deno.readDirSync(dir)].map(({ name }) => name)).toEqual(["file"]);
});

test("its mode is what was asked for, whatever the umask", async () => {
  const umask = Deno.umask(0o077);
  try {
    await replaceFile(join(dir, "file"), "text", 0o644);
  } finally {
    Deno.umask(umask);
  }
  expect((await Deno.stat(join(dir, "file"))).mode! & 0o777).toBe(0o644);
});

test("what can't be replaced stays, and no draft is left", async () => {
  await Deno.mkdir(join(dir, "taken", "inside"), { recursive: true });
  await expect(replaceFile(join(dir, "taken"), bytes("x"))).rejects.toThrow();
  expect([...Deno.readDirSync(dir)].map(({ name }) => name)).toEqual(["taken"]);
});
