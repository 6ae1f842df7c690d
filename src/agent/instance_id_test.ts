// The instance id: made once, kept, made again only when what is there is none.
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { instanceId, prepareStateDir } from "./instance_id.ts";

let dir: string;
beforeEach(async () => {
  dir = join(await Deno.makeTempDir({ prefix: "gatehouse-instance-" }), "state");
  await prepareStateDir(dir);
});
afterEach(() => Deno.remove(join(dir, ".."), { recursive: true }));

test("an id is made once and read from then on", async () => {
  const first = await instanceId(dir);
  expect(first).toMatch(/^[0-9a-f-]{36}$/);
  expect(await instanceId(dir)).toBe(first);
});

test("a file that a crash left empty is replaced", async () => {
  await Deno.writeTextFile(join(dir, "instance-id"), "");
  const made = await instanceId(dir);
  expect(made).toMatch(/^[0-9a-f-]{36}$/);
  expect(await instanceId(dir)).toBe(made);
});

test("nobody but its owner may look into the state directory", async () => {
  expect((await Deno.stat(dir)).mode! & 0o777).toBe(0o700);
});
