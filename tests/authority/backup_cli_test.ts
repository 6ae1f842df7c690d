// What a person types to save keys, to put them into another appliance and to change the sealing key, with real signers
// behind real agents. Must never pass with a double: what it shows is that both ends agree.
import { generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { gatehouse, gatehouseJson, run, tryGatehouse } from "../lib/command.ts";
import { type Open, openAgent } from "./agent.ts";
import { type RealSigner, startRealSigner } from "./real_signer.ts";

const place = vi.hoisted(() => ({ dir: "" }));
vi.mock("../../src/transport/listen.ts", async () => {
  const { listenWithVsock } = await import("./vsock_listener.ts");
  return await listenWithVsock(() => `${place.dir}/vsock.sock`);
});

/** One appliance: a store of its own, its signer, its agent. */
interface Appliance {
  real: RealSigner;
  open: Open;
  readonly dir: string;
  readonly env: Record<string, string>;
}

async function startAppliance(dir: string, fresh = true): Promise<Appliance> {
  await Deno.mkdir(dir, { recursive: true });
  place.dir = dir;
  // Started again it has another owner.
  await Deno.remove(join(dir, "state", "admins.json")).catch(() => {});
  const real = await startRealSigner(dir, fresh);
  const open = await openAgent(dir, { signer: real.signer });
  const pem = String(open.owner.privateKey.export({ type: "pkcs8", format: "pem" }));
  const key = join(dir, "owner.key");
  await Deno.remove(key).catch(() => {});
  await Deno.writeTextFile(key, pem, { mode: 0o600 });
  return {
    real,
    open,
    dir,
    env: { GATEHOUSE_SERVER: `unix://${join(dir, "agent.sock")}`, GATEHOUSE_ADMIN_KEY: key },
  };
}

async function stopAppliance({ real, open }: Appliance): Promise<void> {
  await open.close();
  await real.stop();
}

let root: string;
let one: Appliance;
let other: Appliance;
const inRoot = (name: string) => join(root, name);
const typed = ({ env }: Appliance, ...args: string[]) => gatehouse(args, { env });
const tried = ({ env }: Appliance, ...args: string[]) => tryGatehouse(args, { env });
const json = <T>({ env }: Appliance, ...args: string[]) => gatehouseJson<T>(args, { env });
const publicKey = (at: Appliance, id: string) => typed(at, "keys", "public-key", id);
interface Restored {
  restored: string[];
  skipped: string[];
  restored_count: number;
}

beforeAll(async () => {
  root = await Deno.makeTempDir({ prefix: "gatehouse-backup-cli-" });
  one = await startAppliance(inRoot("one"));
  other = await startAppliance(inRoot("other"));
  await Deno.writeTextFile(inRoot("data"), "signed");
}, 90_000);
afterAll(async () => {
  for (const appliance of [one, other]) await stopAppliance(appliance);
  await Deno.remove(root, { recursive: true });
});

test("a key that is sealed to the signer is imported, and is the same key there", async () => {
  const { privateKey, publicKey: own } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  await Deno.writeTextFile(
    inRoot("mine.key"),
    privateKey.export({ type: "sec1", format: "pem" }).toString(),
  );
  await typed(one, "keys", "import", "mine", inRoot("mine.key"), "--seal");
  expect((await publicKey(one, "mine")).trim()).toBe(
    own.export({ type: "spki", format: "pem" }).toString().trim(),
  );
}, 60_000);

test(
  "without a recipient there is no backup, and what to type is said; it is set once",
  async () => {
    const none = await tried(one, "backup", "create", "-o", inRoot("none.age"));
    expect([none.code, none.err]).toEqual([
      1,
      expect.stringMatching(/FAILED_PRECONDITION[^]*Next:.*backup keygen/),
    ]);
    const recipient = await typed(one, "backup", "keygen", inRoot("recovery.key"));
    await Deno.writeTextFile(inRoot("recovery.pub"), recipient);
    expect(await typed(one, "backup", "recipient", "--set", inRoot("recovery.pub"))).toContain(
      recipient.trim(),
    );
    const again = await tried(one, "backup", "recipient", "--set", inRoot("recovery.pub"));
    expect(again.err).toMatch(/ALREADY_EXISTS/);
  },
  60_000,
);

test(
  "what was saved signs on another appliance, and a cut file or another identity changes nothing there",
  async () => {
    await typed(one, "keys", "create", "release", "--kind", "ed25519", "--label", "team=web", "--rate", "50");
    await typed(one, "keys", "rotate", "release");
    const file = inRoot("keys.age");
    await typed(one, "backup", "create", "-o", file);
    const bytes = await Deno.readFile(file);
    expect(new TextDecoder("latin1").decode(bytes)).not.toContain("release");
    const identity = ["--identity", inRoot("recovery.key")];
    const before = await typed(other, "keys", "list", "--json");

    await Deno.writeFile(inRoot("cut.age"), bytes.subarray(0, -1));
    const cut = await tried(other, "restore", inRoot("cut.age"), ...identity, "--replace-defaults");
    expect([cut.code, cut.err]).toEqual([1, expect.stringMatching(/INVALID_ARGUMENT.*no whole backup/)]);
    await Deno.writeFile(inRoot("empty.age"), new Uint8Array());
    const empty = await tried(other, "restore", inRoot("empty.age"), ...identity);
    expect([empty.code, empty.err]).toEqual([1, expect.stringMatching(/empty\.age is empty\nNext:/)]);
    await typed(other, "backup", "keygen", inRoot("another.key"));
    const wrong = await tried(other, "restore", file, "--identity", inRoot("another.key"));
    expect(wrong.err).toMatch(/PERMISSION_DENIED[^]*Next:/);
    const conflict = await tried(other, "restore", file, ...identity);
    expect(conflict.err).toMatch(/ALREADY_EXISTS.*default-p256[^]*Next:.*--replace-defaults/);
    const dry = await json<Restored>(other, "restore", file, ...identity, "--replace-defaults", "--dry-run");
    expect(dry.restored_count).toBe(5);
    expect(await typed(other, "keys", "list", "--json")).toBe(before);

    const done = await json<Restored>(other, "restore", file, ...identity, "--replace-defaults");
    expect(done.restored).toEqual(["default-p256", "default-p384", "default-rsa", "mine", "release"]);
    for (const id of ["default-p256", "mine"]) {
      expect(await publicKey(other, id)).toBe(await publicKey(one, id));
    }
    const key = await json<{ labels: object; versions: unknown[] }>(other, "keys", "get", "release");
    expect([key.labels, key.versions.length]).toEqual([{ team: "web" }, 2]);
    await typed(
      other,
      "sign",
      inRoot("data"),
      "--key",
      "release",
      "--out",
      "raw",
      "-o",
      inRoot("data.sig"),
    );
    await Deno.writeTextFile(inRoot("release.pem"), await publicKey(one, "release"));
    const verify = ["-verify", "-pubin", "-inkey", inRoot("release.pem"), "-rawin", "-in", inRoot("data")];
    expect((await run("openssl", ["pkeyutl", ...verify, "-sigfile", inRoot("data.sig")])).out).toMatch(
      /Verified Successfully/,
    );
    const again = await json<Restored>(other, "restore", file, ...identity);
    expect([again.restored, again.skipped.length]).toEqual([[], 5]);
  },
  240_000,
);

test("age itself opens a backup, with the identity and no appliance", async (context) => {
  const opened = await run("age", ["-d", "-i", inRoot("recovery.key"), inRoot("keys.age")]).catch(() =>
    undefined
  );
  if (opened === undefined) return context.skip("age isn't installed");
  expect(opened.out).toMatch(/^gatehouse backup 1\n/);
});

test(
  "after a change of the sealing key the signer starts with the new one, and not with the old one",
  async () => {
    const next = inRoot("next-sealing.key");
    expect(await typed(one, "sealing", "change", "--new-key", next)).toMatch(/^Changed: sealing key 2/);
    const known = await publicKey(one, "release");
    await stopAppliance(one);
    await expect(startRealSigner(one.dir, false)).rejects.toThrow(/wrong sealing key/);
    await Deno.copyFile(next, join(one.dir, "sealing-key"));
    one = await startAppliance(one.dir, false);
    expect(await typed(one, "sealing", "status")).toMatch(/^sealing key 2, every key is under it/);
    expect(await publicKey(one, "release")).toBe(known);
    expect(await typed(one, "sign", inRoot("data"), "--key", "release")).not.toBe("");
  },
  240_000,
);
