// What makes a VM its owner's: made once with the right modes, kept, and renewed where it ends.
import { createPrivateKey, createPublicKey } from "node:crypto";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createCa } from "../pki/ca.ts";
import { readCertificate } from "../pki/certificate.ts";
import { GatehouseError } from "./errors.ts";
import { clientFiles, ensureOwner } from "./owner.ts";
import { ensurePrivateDir, type VmPaths, vmPaths } from "./paths.ts";

let home: string;
let paths: VmPaths;

beforeEach(async () => {
  home = await Deno.makeTempDir();
  paths = vmPaths("t1", { get: (name) => name === "GATEHOUSE_HOME" ? home : undefined }, 0);
  await ensurePrivateDir(paths.dir);
});

afterEach(() => Deno.remove(home, { recursive: true }));

const mode = (path: string) => (Deno.statSync(path).mode ?? 0) & 0o777;

it("an admin key and certificates are made, the private ones for their owner alone", async () => {
  const credentials = await ensureOwner(paths);
  expect(credentials.map(({ name }) => name)).toEqual([
    "gatehouse.admin",
    "gatehouse.recovery",
    "gatehouse.tls-cert",
    "gatehouse.tls-key",
    "gatehouse.client-ca",
    "gatehouse.crl",
  ]);
  for (
    const path of [
      paths.adminKey,
      paths.recoveryKey,
      `${paths.tls}/server.key`,
      clientFiles(paths).key,
      `${paths.tls}/ca.key`,
    ]
  ) {
    expect([path, mode(path)]).toEqual([path, 0o600]);
  }
  expect(mode(paths.tls)).toBe(0o700);
  const key = createPrivateKey(Deno.readTextFileSync(paths.adminKey));
  expect(key.asymmetricKeyType).toBe("ed25519");
  expect(Deno.readTextFileSync(paths.adminPublicKey)).toBe(
    createPublicKey(key).export({ type: "spki", format: "pem" }),
  );
  expect(readCertificate(Deno.readTextFileSync(`${paths.tls}/server.pem`)).names).toEqual([
    "dns:localhost",
    "ip:127.0.0.1",
    "dns:t1",
  ]);
  expect(readCertificate(Deno.readTextFileSync(clientFiles(paths).cert)).names).toEqual([
    "dns:cli.gatehouse",
  ]);
});

it("the VM is given nothing with which it could be another, or administrate", async () => {
  const given = (await ensureOwner(paths)).map(({ path }) => Deno.readTextFileSync(path)).join("");
  for (const secret of [paths.adminKey, paths.recoveryKey, `${paths.tls}/ca.key`, clientFiles(paths).key]) {
    const lines = Deno.readTextFileSync(secret).split("\n");
    const body = lines.find((line) => line.startsWith("AGE-SECRET-KEY-")) ?? lines[1];
    expect(body.length).toBeGreaterThan(20);
    expect(given).not.toContain(body);
  }
});

it("what was made stays at the next time", async () => {
  const all = async () => (await ensureOwner(paths)).map(({ path }) => Deno.readTextFileSync(path));
  const first = [await all(), Deno.readTextFileSync(paths.adminKey)];
  expect([await all(), Deno.readTextFileSync(paths.adminKey)]).toEqual(first);
});

it("a VM's name that no certificate can say is left out", async () => {
  const numbered = vmPaths("7", { get: (name) => name === "GATEHOUSE_HOME" ? home : undefined }, 0);
  await ensurePrivateDir(numbered.dir);
  await ensureOwner(numbered);
  expect(readCertificate(Deno.readTextFileSync(`${numbered.tls}/server.pem`)).names).toEqual([
    "dns:localhost",
    "ip:127.0.0.1",
  ]);
});

it.each([
  [
    "an admin key that is none",
    () => Deno.writeTextFile(paths.adminKey, "x"),
    /admin\.key is no private key/,
  ],
  ["an authority that ended", () => createCa(paths.tls, { days: 1 }), /certificates can't be made/],
])("%s is told with what to do", async (_name, spoil, message) => {
  await spoil();
  const error = await ensureOwner(paths).then(() => undefined, (error: unknown) => error);
  expect(error).toBeInstanceOf(GatehouseError);
  expect((error as GatehouseError).message).toMatch(message);
  expect((error as GatehouseError).next).not.toBe("");
});

it("the recovery key is made once, and a damaged one is neither taken nor replaced", async () => {
  await ensureOwner(paths);
  const [identity, recipient] = [paths.recoveryKey, paths.recoveryRecipient].map((path) =>
    Deno.readTextFileSync(path)
  );
  expect(identity).toContain(`# public key: ${recipient}`);
  await Deno.chmod(paths.recoveryKey, 0o644);
  await ensureOwner(paths);
  expect(Deno.readTextFileSync(paths.recoveryKey)).toBe(identity);
  expect(mode(paths.recoveryKey)).toBe(0o600);

  Deno.writeTextFileSync(paths.recoveryKey, identity.slice(0, -9));
  await expect(ensureOwner(paths)).rejects.toMatchObject({ code: "state-damaged" });
  expect(Deno.readTextFileSync(paths.recoveryKey)).toBe(identity.slice(0, -9));
});
