// The versions on a real disk: whatever step fails or is the last before a loss of power, the next start finds the
// old configuration or the new one, whole.
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { newAuthority, newLeaf, newRevocationList } from "../../pki/profile.ts";
import { bootConfig, type Given } from "./boot.ts";
import { diskFiles, type Files } from "./files.ts";
import { ConfigStore, MAX_VERSIONS } from "./store.ts";
import { change, controlOf, crashing, failingOnce, openStore, silentLog, toml } from "./testkit.ts";

let dir: string;
beforeEach(async () => {
  dir = await Deno.makeTempDir({ prefix: "gatehouse-config-" });
});
afterEach(() => Deno.remove(dir, { recursive: true }));

const events: string[] = [];
async function boot(
  given: Partial<Given> = {},
  files: Files = diskFiles,
  strict = true,
  damage: string[] = [],
) {
  events.length = 0;
  const store = await ConfigStore.open(dir, files, (file) => damage.push(file));
  const booted = await bootConfig({
    store,
    given: { fileName: "given", ...given },
    log: silentLog.component("config"),
    emit: (kind, _message, fields) => events.push(`${kind} ${fields?.version} ${fields?.undone ?? ""}`),
    now: Date.now,
    strict,
  });
  return { ...booted, store, level: booted.content.config.log.level, version: booted.state.current };
}

describe("a start", () => {
  test("with nothing kept takes what is given as version 1", async () => {
    const { store, level, version } = await boot({ toml: toml("warn") });
    expect([level, version]).toEqual(["warn", 1]);
    expect(store.versions[0]).toMatchObject({ appliedBy: "bootstrap", comment: "" });
  });

  test("takes the kept version again, and the given file only when it is another one than the last time", async () => {
    const first = await boot({ toml: toml("warn") });
    const { control } = controlOf(first.store, first.state);
    await control.apply(change(1));
    expect(await boot({ toml: toml("warn") })).toMatchObject({ level: "debug", version: 2 });
    expect(await boot()).toMatchObject({ level: "debug", version: 2 });
    const other = await boot({ toml: toml("error") });
    expect(other).toMatchObject({ level: "error", version: 3 });
    expect(other.store.versions[0].appliedBy).toBe("bootstrap");
    expect(await boot({ toml: toml("error") })).toMatchObject({ level: "error", version: 3 });
  });

  test("undoes a version that waits for its confirmation, and says so", async () => {
    const first = await boot({ toml: toml("warn") });
    const { control } = controlOf(first.store, first.state);
    await control.apply(change(1, { confirmWithinS: 3_600 }));
    await control.close();
    const next = await boot({ toml: toml("warn") });
    expect(next).toMatchObject({ level: "warn", version: 3 });
    expect(next.store.versions[0]).toMatchObject({ appliedBy: "revert" });
    expect(events).toEqual(["5 3 2"]);
    expect((await boot()).version).toBe(3);
    expect(events).toEqual([]);
  });

  test("falls back to the newest version that this schema takes", async () => {
    const first = await boot({ toml: toml("warn") });
    const added = { tls: {}, appliedAtMs: 1, appliedBy: "admin:x", comment: "" };
    await first.store.add({ ...added, toml: toml("error") });
    await first.store.add({ ...added, toml: "[of_a_newer_release]\n" });
    await first.store.commit({ ...first.state, current: 3 });
    expect(await boot()).toMatchObject({ level: "error", version: 4 });
  });

  test("with files that can't be read goes on with those that can", async () => {
    const first = await boot({ toml: toml("warn") });
    await controlOf(first.store, first.state).control.apply(change(1));
    await Deno.writeTextFile(join(dir, "2.json"), "{");
    const damage: string[] = [];
    expect(await boot({}, diskFiles, true, damage)).toMatchObject({ level: "warn" });
    expect(damage).toEqual([join(dir, "2.json")]);
  });

  test("refuses a given file that is wrong, and keeps what it had", async () => {
    await boot({ toml: toml("warn") });
    await expect(boot({ toml: "[log]\nlevel = 3\n" })).rejects.toThrow(/given:2:9: log\.level/);
    expect(await boot()).toMatchObject({ level: "warn", version: 1 });
  });

  test("with a renewed certificate keeps a newer revocation list that came while it ran", async () => {
    const validity = (days: number) => ({
      notBefore: new Date(Date.now() + (days - 5) * 86_400_000),
      notAfter: new Date(Date.now() + 86_400_000),
    });
    const ca = await newAuthority("CA", validity(0));
    const leaf = () =>
      newLeaf(ca, { ...validity(0), commonName: "gate", names: ["dns:gate.example"], use: "server" });
    const crl = (days: number) => newRevocationList(ca, [], days, validity(days));
    const [kept, older, newer] = [await crl(2), await crl(1), await crl(3)];
    const given = async (crlPem?: string) => ({
      tls: { ...await leaf(), clientCaPem: ca.certificatePem, crlPem },
    });
    const first = await boot(await given());
    await controlOf(first.store, first.state).control.apply(change(1, { tls: { crlPem: kept } }));
    for (const crlPem of [undefined, older]) {
      const renewed = await given(crlPem);
      const { tls } = (await boot(renewed)).content;
      expect(tls).toEqual({ ...renewed.tls, crlPem: kept });
    }
    expect((await boot(await given(newer))).content.tls.crlPem).toBe(newer);
    const other = {
      ...await given(),
      tls: { clientCaPem: (await newAuthority("New", validity(0))).certificatePem },
    };
    expect((await boot(other)).content.tls.crlPem).toBeUndefined();
  });

  test("leaves bad TLS material out, unless it is to be an error", async () => {
    const given = { toml: toml("warn"), tls: { certificatePem: "no certificate" } };
    await expect(boot(given)).rejects.toThrow(/certificate_pem: .*no certificate in it/);
    expect((await boot(given, diskFiles, false)).content.tls).toEqual({});
  });
});

describe("a change", () => {
  test("stopped at any step leaves the old version or the new one, whole", async () => {
    const outcomes = new Set<string>();
    for (let crashAt = 0;; crashAt++) {
      await Deno.remove(dir, { recursive: true });
      const first = await boot({ toml: toml("warn") });
      const files = crashing(diskFiles, crashAt);
      const { control, notes } = controlOf(await openStore(dir, files), first.state);
      const applied = await control.apply(change(1)).then(() => true, () => false);
      const next = await boot({ toml: toml("warn") });
      expect([["warn", 1], ["debug", 2]]).toContainEqual([next.level, next.version]);
      expect(next.store.versions[0].version).toBe(next.version); // nothing half done is left
      // What was answered is what is found.
      if (applied) expect(next.level).toBe("debug");
      else expect(notes.lines.at(-1)).not.toBe("doors debug");
      outcomes.add(next.level);
      if (applied) break;
    }
    expect([...outcomes].sort()).toEqual(["debug", "warn"]);
  });

  test("at which one step fails is undone, and the next one goes through", async () => {
    let failed = 0;
    for (let failAt = 1;; failAt++) {
      await Deno.remove(dir, { recursive: true });
      const first = await boot({ toml: toml("warn") });
      const { control, notes } = controlOf(
        await openStore(dir, failingOnce(diskFiles, failAt)),
        first.state,
      );
      const applied = await control.apply(change(1)).then(() => true, () => false);
      if (!applied) {
        failed++;
        expect(control.config.log.level).toBe("warn");
        expect(notes.lines).not.toContain("doors debug");
        expect(await boot()).toMatchObject({ level: "warn", version: 1 });
        await control.apply(change(1, { toml: toml("error") }));
      }
      expect((await boot()).level).toBe(applied ? "debug" : "error");
      if (applied) break;
    }
    expect(failed).toBeGreaterThan(4);
  });

  test("is readable by its owner only, and old versions go", async () => {
    const first = await boot({ toml: toml("warn") });
    const { control } = controlOf(first.store, first.state);
    for (let version = 1; version < MAX_VERSIONS + 4; version++) {
      await control.apply(change(version, { toml: toml(version % 2 === 0 ? "warn" : "debug") }));
    }
    const names: string[] = [];
    for await (const { name } of Deno.readDir(dir)) {
      names.push(name);
      expect((await Deno.stat(join(dir, name))).mode! & 0o777, name).toBe(0o600);
    }
    expect(names).toHaveLength(MAX_VERSIONS + 1);
    expect(control.history().map(({ version }) => version.version)).toEqual(
      Array.from({ length: MAX_VERSIONS }, (_, i) => MAX_VERSIONS + 4 - i),
    );
  });
});
