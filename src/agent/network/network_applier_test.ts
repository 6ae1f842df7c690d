// Network settings in force: files whole and in order, a word only where something changed.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadConfig } from "../config/mod.ts";
import { networkApplier } from "./network_applier.ts";

const DEFAULT = loadConfig("", "f");
const STATIC = loadConfig('[network]\naddresses = ["192.0.2.10/24"]\ndns = ["192.0.2.53"]\n', "f");

let dir: string;

beforeEach(async () => {
  dir = await Deno.makeTempDir();
});

afterEach(async () => {
  await Deno.chmod(dir, 0o700);
  await Deno.remove(dir, { recursive: true });
});

const files = () => [...Deno.readDirSync(dir)].map(({ name }) => name).sort();

describe("the network's applier", () => {
  it("writes nothing and says nothing where the image's own settings count", async () => {
    await networkApplier(dir).apply(DEFAULT, {});
    expect(files()).toEqual([]);
  });

  it("writes what changed, readable for the daemons, and then its word", async () => {
    const umask = Deno.umask(0o077);
    try {
      await networkApplier(dir).apply(STATIC, {});
    } finally {
      Deno.umask(umask);
    }
    expect(files()).toEqual(["changed", "gatehouse.network", "resolv.conf"]);
    for (const name of files()) expect((Deno.statSync(`${dir}/${name}`).mode ?? 0) & 0o777).toBe(0o644);
    expect(Deno.readTextFileSync(`${dir}/gatehouse.network`)).toContain("Address=192.0.2.10/24\n");
  });

  it("says nothing again of what stands there already, as after a restart", async () => {
    await networkApplier(dir).apply(STATIC, {});
    Deno.removeSync(`${dir}/changed`);
    await networkApplier(dir).apply(STATIC, {});
    expect(files()).toEqual(["gatehouse.network", "resolv.conf"]);
  });

  it("takes its files away again with the settings", async () => {
    await networkApplier(dir).apply(STATIC, {});
    await networkApplier(dir).apply(DEFAULT, {});
    expect(files()).toEqual(["changed"]);
  });

  it("leaves all as it was when its word can't be given", async () => {
    await networkApplier(dir).apply(STATIC, {});
    const before = Deno.readTextFileSync(`${dir}/gatehouse.network`);
    Deno.removeSync(`${dir}/changed`);
    Deno.mkdirSync(`${dir}/changed`);
    const next = loadConfig('[network]\ndhcp = "no"\n[time]\nservers = ["192.0.2.123"]\n', "f");
    await expect(networkApplier(dir).apply(next, {})).rejects.toThrow();
    expect(Deno.readTextFileSync(`${dir}/gatehouse.network`)).toBe(before);
    expect(files()).toContain("resolv.conf");
    expect(files()).not.toContain("timesyncd.conf");
  });

  it("refuses anything but the defaults where the network is somebody else's", async () => {
    const foreign = networkApplier(undefined);
    expect(await foreign.check?.(DEFAULT, {})).toEqual([]);
    await foreign.apply(DEFAULT, {});
    expect(await foreign.check?.(STATIC, {})).toEqual([expect.stringMatching(/leave both sections out/)]);
    await expect(foreign.apply(STATIC, {})).rejects.toThrow(/leave both sections out/);
  });
});
