import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { baseKey, type ImageInputs, imageKey } from "./key.ts";

let repo: string;
let inputs: ImageInputs;

async function write(path: string, text: string): Promise<string> {
  const file = join(repo, path);
  await Deno.mkdir(join(file, ".."), { recursive: true });
  await Deno.writeTextFile(file, text);
  return file;
}

beforeEach(async () => {
  repo = await Deno.makeTempDir();
  await write("image/packages", "systemd\n");
  await write("image/lock.json", "{}");
  await write("image/units/a.service", "[Unit]\n");
  for (const name of ["base.ts", "lock.ts", "sources.ts", "disk.ts"]) {
    await write(`src/vm/image/${name}`, name);
  }
  inputs = {
    deno: await write("in/deno", "d"),
    signer: await write("in/signer", "s"),
    edge: await write("in/edge", "e"),
    agentBundle: await write("in/agent.js", "a"),
  };
});

afterEach(() => Deno.remove(repo, { recursive: true }));

describe("an image's key", () => {
  it("stays the same as long as nothing changes, wherever the inputs lie", async () => {
    const key = await imageKey(repo, inputs);
    expect(await imageKey(repo, { ...inputs, signer: await write("elsewhere/signer", "s") })).toBe(key);
  });

  it("changes with each input, each declaration and the builder, but not with its tests", async () => {
    const keys = new Set([await imageKey(repo, inputs)]);
    for (
      const [path, text] of [
        ["in/deno", "D"],
        ["in/signer", "S"],
        ["in/edge", "E"],
        ["in/agent.js", "A"],
        ["image/units/a.service", "[Unit]\n\n"],
        ["image/units/b.service", "[Unit]\n"],
        ["src/vm/image/disk.ts", "other"],
      ]
    ) {
      await write(path, text);
      keys.add(await imageKey(repo, inputs));
    }
    expect(keys.size).toBe(8);
    await write("src/vm/image/disk_test.ts", "test");
    expect(keys).toContain(await imageKey(repo, inputs));
  });

  it("tells which input is which", async () => {
    const swapped = { ...inputs, deno: inputs.signer, signer: inputs.deno };
    expect(await imageKey(repo, swapped)).not.toBe(await imageKey(repo, inputs));
  });
});

describe("the base layer's key", () => {
  it("changes with the packages and the lock, and not with what lies over them", async () => {
    const key = await baseKey(repo);
    await write("image/units/a.service", "[Service]\n");
    await write("src/vm/image/disk.ts", "other");
    expect(await baseKey(repo)).toBe(key);
    await write("image/lock.json", "{ }");
    const relocked = await baseKey(repo);
    expect(relocked).not.toBe(key);
    await write("image/packages", "systemd\nudev\n");
    expect(await baseKey(repo)).not.toBe(relocked);
  });
});
