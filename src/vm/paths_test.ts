import { join } from "node:path";
import { expect, it } from "vitest";
import { checkName, ensurePrivateDir, stateHome, vmPaths } from "./paths.ts";

const env = (entries: Record<string, string>) => new Map(Object.entries(entries));

it("state goes to GATEHOUSE_HOME, else the XDG state directory, else below HOME", () => {
  expect(stateHome(env({ GATEHOUSE_HOME: "/g", XDG_STATE_HOME: "/x", HOME: "/h" }))).toBe("/g");
  expect(stateHome(env({ XDG_STATE_HOME: "/x", HOME: "/h" }))).toBe("/x/gatehouse");
  expect(stateHome(env({ HOME: "/h" }))).toBe("/h/.local/state/gatehouse");
  expect(() => stateHome(env({}))).toThrow("HOME");
});

it("sockets move to a short directory when the state's own would pass sun_path's 108 bytes", () => {
  const near = vmPaths("one", env({ GATEHOUSE_HOME: "/g" }), 1000);
  expect(near.runDir).toBe("/g/vms/one/run");
  const far = vmPaths(
    "one",
    env({ GATEHOUSE_HOME: "/" + "d".repeat(80), XDG_RUNTIME_DIR: "/run/user/1000" }),
    1000,
  );
  expect(far.runDir).toMatch(/^\/run\/user\/1000\/gatehouse-1000\/one-[0-9a-f]{8}$/);
  expect(far.sealingKey).toContain("d".repeat(80));
  const other = vmPaths(
    "one",
    env({ GATEHOUSE_HOME: "/" + "e".repeat(80), XDG_RUNTIME_DIR: "/run/user/1000" }),
    1000,
  );
  expect(other.runDir).not.toBe(far.runDir);
});

it("counts bytes, not characters, against sun_path", () => {
  const home = "/" + "ä".repeat(37); // 75 bytes and 38 characters: too long with the longest socket name
  expect(vmPaths("one", env({ GATEHOUSE_HOME: home }), 1).runDir).toMatch(/^\/tmp\/gatehouse-1\//);
});

it.each(["../x", "", "A", "a b", "-a", "a-", "a,b", "a".repeat(33), "a\n"])("%j is no VM name", (name) => {
  expect(() => checkName(name)).toThrow("no VM name");
});

it.each(["a", "gatehouse", "test-2", "a".repeat(32)])("%j is a VM name", (name) => {
  expect(checkName(name)).toBe(name);
});

it("a directory that is a link is refused: somebody else made it", async () => {
  const dir = await Deno.makeTempDir();
  const link = join(dir, "gatehouse-1");
  await Deno.symlink(dir, link);
  await expect(ensurePrivateDir(join(link, "one"))).rejects.toMatchObject({ code: "state-damaged" });
  await Deno.remove(dir, { recursive: true });
});
