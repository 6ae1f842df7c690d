// Changes of the configuration: what is refused, what is undone by itself, and that parts are never left divided.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { bootConfig } from "./boot.ts";
import { diskFiles, type Files } from "./files.ts";
import { change, controlOf, openStore, type Running, silentLog, toml } from "./testkit.ts";

let dir: string;
let running: Running;
beforeEach(async () => {
  dir = await Deno.makeTempDir({ prefix: "gatehouse-control-" });
  running = await start();
});
afterEach(async () => {
  await running.control.close();
  vi.useRealTimers();
  await Deno.remove(dir, { recursive: true });
});

async function start(
  options: Parameters<typeof controlOf>[2] = {},
  files: Files = diskFiles,
): Promise<Running> {
  const store = await openStore(dir, files);
  const { state } = await bootConfig({
    store,
    given: { fileName: "given", toml: toml("warn") },
    log: silentLog.component("config"),
    emit: () => {},
    now: Date.now,
    strict: true,
  });
  return controlOf(store, state, options);
}

describe("a change", () => {
  test("reaches every part, then the doors, and is told", async () => {
    const { control, notes } = running;
    const shown = await control.apply(change(1, { comment: "louder" }));
    expect(shown).toMatchObject({ inForce: true, confirmByMs: 0 });
    expect(shown.version).toMatchObject({ version: 2, appliedBy: "admin:test", comment: "louder" });
    expect(notes.lines).toEqual(["first debug", "second debug", "doors debug"]);
    expect(notes.events).toEqual(['3 {"version":"2","by":"admin:test"}']);
    expect(control.config.log.level).toBe("debug");
  });

  test("that one part refuses is taken back from the others", async () => {
    const { control, notes } = running;
    notes.failing.add("second");
    await expect(control.apply(change(1))).rejects.toMatchObject({
      kind: "precondition",
      reason: "NOT_APPLIED",
      message: "second: can't do it",
    });
    expect(notes.lines).toEqual(["first debug", "first warn", "doors stay"]);
    expect(control.history().map(({ version }) => version.version)).toEqual([1]);
    notes.failing.clear();
    expect((await control.apply(change(1))).version.version).toBe(2);
  });

  test("whose address can't be opened touches no part", async () => {
    running.notes.failing.add("doors");
    await expect(running.control.apply(change(1))).rejects.toMatchObject({ message: "address taken" });
    expect(running.notes.lines).toEqual([]);
  });

  test("on another version than the one in force is stale", async () => {
    await running.control.apply(change(1));
    await expect(running.control.apply(change(1))).rejects.toMatchObject({
      kind: "stale",
      message: expect.stringMatching(/^version 2 is in force, not 1/),
    });
  });

  test("of two at once only the first is made", async () => {
    const { control } = running;
    const both = await Promise.allSettled([control.apply(change(1)), control.apply(change(1))]);
    expect(both.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
  });

  test("of one who is removed while it waits, or is made, is not made", async () => {
    const { control, notes } = running;
    let enrolled = true;
    const stands = () => enrolled;
    const first = control.apply(change(1));
    const waiting = [
      control.apply(change(2, { stands, toml: toml("error") })),
      control.rollback(1, change(2, { stands })),
      control.confirm(2, "admin:test", stands),
    ].map((one) => one.then(() => "made", ({ kind }) => kind));
    enrolled = false;
    await first;
    expect(await Promise.all(waiting)).toEqual(["denied", "denied", "denied"]);
    expect([control.version, notes.lines.at(-1)]).toEqual([2, "doors debug"]);
    let asked = 0;
    const late = control.apply(change(2, { stands: () => ++asked < 2, toml: toml("error") }));
    await expect(late).rejects.toMatchObject({ kind: "denied" });
    expect([control.version, notes.lines.at(-1)]).toEqual([2, "doors stay"]);
  });

  test("waits in a queue that has an end", async () => {
    const { control } = running;
    const all = await Promise.allSettled(Array.from({ length: 20 }, () => control.apply(change(1))));
    const reasons = all.map((one) => one.status === "rejected" ? one.reason.kind : "made");
    expect(reasons.filter((reason) => reason === "busy")).toHaveLength(12);
    expect(reasons[0]).toBe("made");
  });

  test("with mistakes names each with its line and column", async () => {
    const text = "[log]\nlevel = 3\n[limit]\n";
    await expect(running.control.apply(change(1, { toml: text }))).rejects.toMatchObject({
      kind: "invalid",
      violations: [
        { field: "toml", description: expect.stringMatching(/^2:9: log\.level: .*; write "debug"/) },
        { field: "toml", description: expect.stringMatching(/^3:2: limit: .*did you mean limits\?$/) },
      ],
    });
  });

  test("tried dry changes nothing, also while another waits", async () => {
    const { control, notes } = running;
    await control.apply(change(1, { confirmWithinS: 60 }));
    notes.lines.length = 0;
    const shown = await control.apply(change(2, { dryRun: true, toml: toml("error") }));
    expect(shown).toMatchObject({ inForce: false, version: { version: 0, toml: toml("error") } });
    expect([notes.lines, control.version]).toEqual([[], 2]);
  });

  test("to tls:// needs an edge, certificates, and to know the time", async () => {
    const text = '[listen]\naddresses = ["vsock://any:1", "tls://0.0.0.0:1"]\n';
    await expect(running.control.apply(change(1, { toml: text }))).rejects.toMatchObject({
      kind: "invalid",
      violations: ["certificate_pem", "private_key_pem", "client_ca_pem"].map((part) => ({
        field: `tls.${part}`,
        description: expect.stringMatching(/is missing, and a tls:/),
      })),
    });
    await running.control.close();
    running = await start({ clockKnown: false });
    await expect(running.control.apply(change(1, { tls: { crlPem: "x" } }))).rejects.toMatchObject({
      kind: "precondition",
      reason: "CLOCK_UNKNOWN",
      message: expect.stringMatching(/no time server answered/),
    });
  });

  test("warns whom it cuts off", async () => {
    const { control } = running;
    const text = '[listen]\naddresses = ["unix:///run/x"]\n';
    const dry = { toml: text, dryRun: true };
    const warnings = async (peer: string) => (await control.apply(change(1, { ...dry, peer }))).warnings;
    expect(await warnings("vsock://2:7")).toEqual([expect.stringMatching(/\(vsock:\/\/2:7\) goes/)]);
    expect(await warnings("unix:///run/y")).toHaveLength(1);
    expect(await warnings("unix:///run/x")).toEqual([]);
  });
});

describe("a change that wants a confirmation", () => {
  test("stays when it is confirmed in time, and no second one is taken meanwhile", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { control, notes } = running;
    const shown = await control.apply(change(1, { confirmWithinS: 5 }));
    expect(shown.confirmByMs).toBeGreaterThan(Date.now());
    await expect(control.apply(change(2))).rejects.toMatchObject({ reason: "WAITS_FOR_CONFIRMATION" });
    await expect(control.confirm(1, "admin:test")).rejects.toMatchObject({ kind: "stale" });
    expect(await control.confirm(2, "admin:other")).toMatchObject({ inForce: true, confirmByMs: 0 });
    await vi.advanceTimersByTimeAsync(6_000);
    expect([control.version, control.config.log.level]).toEqual([2, "debug"]);
    expect(notes.events.at(-1)).toBe('4 {"version":"2","by":"admin:other"}');
    await expect(control.confirm(2, "admin:test")).rejects.toMatchObject({ reason: "NOTHING_WAITS" });
  });

  test("is undone at its time, as a new version, even when an address can't be opened", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { control, notes } = running;
    await control.apply(change(1, { confirmWithinS: 5 }));
    notes.failing.add("doors");
    await vi.advanceTimersByTimeAsync(4_900);
    expect(control.version).toBe(2);
    await vi.advanceTimersByTimeAsync(200);
    await vi.waitFor(() => expect(control.version).toBe(3));
    expect(control.get(0)).toMatchObject({ inForce: true, confirmByMs: 0, version: { appliedBy: "revert" } });
    expect(control.config.log.level).toBe("warn");
    expect(notes.lines.slice(-3)).toEqual(["doors warn", "first warn", "second warn"]);
    expect(notes.events.at(-1)).toBe('5 {"version":"3","undone":"2"}');
  });
});

describe("a change that was undone while the disk took nothing", () => {
  test("can't be confirmed: it would be in force again at the next start, and isn't now", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    let full = false;
    const write: typeof diskFiles.write = (...args) =>
      full ? Promise.reject(new Error("disk full")) : diskFiles.write(...args);
    await running.control.close();
    running = await start({}, { ...diskFiles, write });
    const { control, notes } = running;
    await control.apply(change(1, { confirmWithinS: 5 }));
    full = true;
    await vi.advanceTimersByTimeAsync(5_100);
    await vi.waitFor(() => expect(notes.lines.at(-1)).toBe("second warn"));
    full = false;
    await expect(control.confirm(2, "admin:test")).rejects.toMatchObject({ reason: "TOO_LATE" });
    await vi.advanceTimersByTimeAsync(5_100);
    await vi.waitFor(() => expect(control.version).toBe(3));
    expect(control.get(0).version).toMatchObject({ appliedBy: "revert", toml: toml("warn") });
    await expect(control.confirm(3, "admin:test")).rejects.toMatchObject({ reason: "NOTHING_WAITS" });
  });
});

describe("an older version", () => {
  test("comes back as a new one", async () => {
    const { control } = running;
    await control.apply(change(1));
    const shown = await control.rollback(1, change(2));
    expect(shown.version).toMatchObject({ version: 3, toml: toml("warn"), comment: "as version 1" });
    expect(control.config.log.level).toBe("warn");
  });

  test("that isn't kept is not found, and the answer says which are", async () => {
    await expect(running.control.rollback(7, change(1))).rejects.toMatchObject({
      kind: "missing",
      message: "version 7 isn't kept; these are: 1",
    });
  });
});
