// What a person types to keep keys, sign with them and back them up, as processes of their own against a real agent.
import { generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { MAX_SIGN_DATA_BYTES } from "../../src/services/crypto.ts";
import { makeIdentity } from "../../src/recovery/age.ts";
import { gatehouse, gatehouseJson, run, tryGatehouse } from "../lib/command.ts";
import { type Open, openAgent } from "./agent.ts";
import { type MemorySigner, memorySigner } from "./memory_signer.ts";

const place = vi.hoisted(() => ({ dir: "" }));
vi.mock("../../src/transport/listen.ts", async () => {
  const { listenWithVsock } = await import("./vsock_listener.ts");
  return await listenWithVsock(() => `${place.dir}/vsock.sock`);
});

let open: Open;
let signer: MemorySigner;
let env: Record<string, string>;
let identity: string;
const inDir = (name: string) => join(place.dir, name);
const typed = (...args: string[]) => gatehouse(args, { env });
const tried = (...args: string[]) => tryGatehouse(args, { env });
const json = <T>(...args: string[]) => gatehouseJson<T>(args, { env });
interface KeyJson {
  id: string;
  state: string;
  revision: number;
  labels: Record<string, string>;
  policy: { transports: string[]; signatures_per_second: number | null };
  versions: unknown[];
}

beforeAll(async () => {
  place.dir = await Deno.makeTempDir({ prefix: "gatehouse-keys-cli-" });
  const recovery = await makeIdentity();
  identity = recovery.identity;
  signer = await memorySigner(recovery.recipient);
  open = await openAgent(place.dir, { signer });
  const pem = String(open.owner.privateKey.export({ type: "pkcs8", format: "pem" }));
  await Deno.writeTextFile(inDir("owner.key"), pem, { mode: 0o600 });
  await Deno.writeTextFile(inDir("recovery.key"), `${identity}\n`, { mode: 0o600 });
  await Deno.writeTextFile(inDir("data"), "signed");
  env = { GATEHOUSE_SERVER: `unix://${inDir("agent.sock")}`, GATEHOUSE_ADMIN_KEY: inDir("owner.key") };
}, 30_000);
afterAll(async () => {
  await open.close();
  await Deno.remove(place.dir, { recursive: true });
});

test("a key is made, found by its label, restricted, rotated, switched off and destroyed", async () => {
  expect(await typed("keys", "create", "life", "--kind", "p256", "--label", "stage=test")).toMatch(
    /^Created life: EC_P256/,
  );
  await typed("keys", "create", "other", "--kind", "p256", "--rate", "5");
  const listed = await json<{ keys: KeyJson[] }>("keys", "list", "--label", "stage=test");
  expect(listed.keys.map(({ id }) => id)).toEqual(["life"]);
  expect(await typed("keys", "list")).toMatch(/^ID .*\nlife .*stage=test\nother /);

  await typed("keys", "policy", "life", "--allow-transport", "vsock,unix", "--rate", "50");
  const ruled = await json<KeyJson>("keys", "policy", "life", "--rate", "any");
  expect(ruled).toMatchObject({
    revision: 3,
    policy: { transports: ["VSOCK", "UNIX"], signatures_per_second: null },
  });
  expect((await json<KeyJson>("keys", "labels", "life", "team=web", "--remove", "stage")).labels).toEqual({
    team: "web",
  });

  const stale = await tried("keys", "rotate", "life", "--if-revision", "1");
  expect([stale.code, stale.err]).toEqual([1, expect.stringMatching(/ABORTED.*revision 4/)]);
  expect((await json<KeyJson>("keys", "rotate", "life", "--if-revision", "4")).versions).toHaveLength(2);

  const enabled = await tried("keys", "destroy", "life");
  expect(enabled.err).toMatch(/Next: gatehouse keys disable life/);
  await typed("keys", "disable", "life");
  const asked = await tried("keys", "destroy", "life");
  expect(asked.code).toBe(1);
  expect(asked.err).toMatch(/Lost: the private half of every version[^]*Next: add --yes/);
  expect(await typed("keys", "destroy", "life", "--yes")).toMatch(/DESTROYED/);
  expect((await tried("keys", "get", "none")).err).toMatch(/NOT_FOUND/);
}, 90_000);

test(
  "one file, several, a large one: openssl verifies what was signed, and so do the server and --offline",
  async () => {
    await typed("keys", "create", "release", "--kind", "p256");
    await Deno.writeTextFile(inDir("release.pem"), await typed("keys", "public-key", "release"));
    const data = new Uint8Array(MAX_SIGN_DATA_BYTES + 1).map((_, at) => at % 251);
    await Deno.writeFile(inDir("large"), data);
    await typed("sign", inDir("data"), "--key", "release", "--out", "raw", "-o", inDir("data.sig"));
    const many = await tried(
      "sign",
      inDir("data"),
      inDir("large"),
      inDir("none"),
      ..."--key release --out raw --suffix .sig2".split(" "),
    );
    expect(many.code).toBe(1);
    expect(many.err).toMatch(/none: not signed/);
    expect(signer.seen.streamedBytes).toBe(data.length);
    for (const [file, signature] of [["data", "data.sig"], ["data", "data.sig2"], ["large", "large.sig2"]]) {
      const openssl = [
        "dgst",
        "-sha256",
        "-verify",
        inDir("release.pem"),
        "-signature",
        inDir(signature),
        inDir(file),
      ];
      expect((await run("openssl", openssl)).out).toBe("Verified OK\n");
      const check = ["verify", inDir(file), "--signature", inDir(signature)];
      expect(await typed(...check, "--offline", inDir("release.pem"))).toMatch(/^Verified/);
    }
    const check = ["--signature", inDir("data.sig"), "--key", "release"];
    expect(await typed("verify", inDir("data"), ...check)).toBe("Verified: ECDSA_P256_SHA256, version 1\n");
    const forged = await tried("verify", inDir("release.pem"), ...check);
    expect([forged.code, forged.out]).toEqual([1, expect.stringMatching(/^NOT verified/)]);

    await typed(
      "sign",
      inDir("data"),
      ..."--key release --encoding raw --out hex".split(" "),
      "-o",
      inDir("raw.sig"),
    );
    expect(await typed("verify", inDir("data"), "--signature", inDir("raw.sig"), "--key", "release")).toMatch(
      /^Verified/,
    );
    expect(await json("sign", inDir("data"), "--key", "release", "--timings")).toMatchObject({
      key: "release",
      version: 1,
      timings: { queue_us: 2, sign_us: 3, total_us: expect.any(Number) },
    });
  },
  90_000,
);

test(
  "the forms without a key sign with the appliance's own, by the seed's service and by ours alike",
  async () => {
    await typed("keys", "create", "default-p256", "--kind", "p256");
    const stdin = new TextEncoder().encode("from a pipe");
    const signature = inDir("pipe.sig");
    await gatehouse(["sign", "-o", signature], { env, stdin });
    await Deno.writeTextFile(inDir("own.pem"), await typed("pubkey"));
    for (const more of [[], ["--key", inDir("own.pem")], ["--key", "default-p256"]]) {
      expect(await gatehouse(["verify", "--signature", signature, ...more], { env, stdin })).toMatch(
        /^Verified/,
      );
    }
    await typed("sign", inDir("large"), "--out", "raw", "-o", inDir("large.sig"));
    expect(await typed("verify", inDir("large"), "--signature", inDir("large.sig"))).toMatch(/^Verified/);
    expect(await json("sign", inDir("data"))).toEqual({
      algorithm: "ECDSA_P256_SHA256",
      signature: expect.any(String),
      data_bytes: 6,
      latency_ms: expect.any(Number),
      peer: env.GATEHOUSE_SERVER,
    });
  },
  60_000,
);

test("a sealed import reaches the signer, and random gives as many bytes as were asked for", async () => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  await Deno.writeTextFile(
    inDir("legacy.key"),
    privateKey.export({ type: "sec1", format: "pem" }).toString(),
  );
  expect(await typed("keys", "import", "legacy", inDir("legacy.key"), "--seal")).toMatch(/^Imported legacy/);
  expect((await typed("random", "70000", "--out", "hex")).trim()).toMatch(/^[0-9a-f]{140000}$/);
}, 60_000);

test(
  "a backup is a new file, 0600; a restore gives the identity to the signer alone",
  async () => {
    const file = inDir("keys.age");
    await typed("backup", "create", "-o", file);
    expect((await Deno.stat(file)).mode! & 0o777).toBe(0o600);
    const again = await tried("backup", "create", "-o", file);
    expect(again.err).toMatch(/is there already/);
    const dry = await json<{ dry_run: boolean; skipped: string[] }>(
      "restore",
      file,
      "--identity",
      inDir("recovery.key"),
      "--dry-run",
    );
    expect(dry).toMatchObject({ dry_run: true, skipped: expect.arrayContaining(["other"]) });
    expect(signer.seen.identity).toBe(identity);

    await typed("backup", "keygen", inDir("another.key"));
    const wrong = await tried("restore", file, "--identity", inDir("another.key"));
    expect([wrong.code, wrong.err]).toEqual([1, expect.stringMatching(/PERMISSION_DENIED.*doesn't open/)]);
    const none = await tried("restore", file, "--identity", inDir("data"));
    expect(none.err).toMatch(/no single line AGE-SECRET-KEY[^]*Next:/);
  },
  60_000,
);

test("age itself opens a backup with the identity that keygen made", async (context) => {
  const age = await run("age", ["-d", "-i", inDir("recovery.key"), inDir("keys.age")]).catch(() => undefined);
  if (age === undefined) return context.skip("age isn't installed");
  expect(age.out.split("\n")).toContain("other");
  const { out } = await run("age-keygen", ["-y", inDir("another.key")]);
  expect(await Deno.readTextFile(inDir("another.key"))).toContain(`# public key: ${out}`);
});

test("another server's sealing key is made before it is sent, and is what the signer got", async () => {
  const key = inDir("new-sealing.key");
  expect(await typed("sealing", "status")).toMatch(/^sealing key 1, every key is under it/);
  expect(await typed("sealing", "change", "--new-key", key)).toMatch(
    /^Changed: sealing key 2[^]*put it in place/,
  );
  expect(signer.seen.sealingKey).toEqual(await Deno.readFile(key));
  expect((await Deno.stat(key)).mode! & 0o777).toBe(0o600);
  expect((await tried("sealing", "change")).err).toMatch(/no --new-key/);
}, 60_000);
