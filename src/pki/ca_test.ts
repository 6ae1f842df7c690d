// An authority's directory: what is remembered, refused and kept from others.
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { withLock } from "../vm/vm_state.ts";
import { caFiles, createCa, issue, list, revoke } from "./ca.ts";
import { readCertificate } from "./certificate.ts";
import { PkiError } from "./error.ts";
import { ensureOwnTls, localNames, serverOf } from "./own_tls.ts";

let root: string;
let dir: string;
const day = (days: number) => new Date(Date.now() + days * 24 * 3600_000);
beforeAll(async () => {
  root = await Deno.makeTempDir({ prefix: "gatehouse-ca-" });
  dir = join(root, "ca");
  await createCa(dir);
});
afterAll(() => Deno.remove(root, { recursive: true }));

const mode = async (path: string) => ((await Deno.stat(path)).mode ?? 0) & 0o777;

describe("createCa", () => {
  test("keeps directory, key and index from others", async () => {
    expect(await mode(dir)).toBe(0o700);
    expect(await mode(caFiles(dir).privateKey)).toBe(0o600);
    expect(await mode(join(dir, "index.json"))).toBe(0o600);
  });

  test("never replaces an authority", async () => {
    const before = await Deno.readTextFile(caFiles(dir).privateKey);
    await expect(createCa(dir)).rejects.toThrow(/there is an authority in .* already/);
    expect(await Deno.readTextFile(caFiles(dir).privateKey)).toBe(before);
  });

  test("takes no directory in which others keep something", async () => {
    const shared = join(root, "shared");
    await Deno.mkdir(shared, { mode: 0o755 });
    await Deno.writeTextFile(join(shared, "notes"), "");
    await expect(createCa(shared)).rejects.toThrow(/holds other files \(notes\)/);
    expect(await mode(shared)).toBe(0o755);
  });
});

describe("issue", () => {
  test("gives a certificate with the names, the use and the time that were asked for", async () => {
    const names = [
      "dns:GW.example",
      "ip:2001:DB8::1",
      "uri:spiffe://example.org/gw",
      "email:ops@Example.org",
    ];
    const { certificatePem, privateKeyPem, issued } = await issue(dir, {
      name: "gw",
      use: "server",
      names,
      days: 9,
    });
    const certificate = readCertificate(certificatePem);
    expect(certificate).toMatchObject({
      subject: "CN=gw",
      issuer: "CN=Gatehouse CA",
      names: ["dns:gw.example", "ip:2001:db8::1", "uri:spiffe://example.org/gw", "email:ops@example.org"],
      uses: ["server"],
      isCa: false,
      serial: issued.serial,
    });
    expect(certificate.notAfter.getTime() - Date.now()).toBeCloseTo(9 * 24 * 3600_000, -4);
    expect(certificate.notBefore.getTime()).toBeLessThan(Date.now() - 60_000);
    expect(privateKeyPem).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
  });

  test("is named by its name where no other is given, and for a client good for clients only", async () => {
    const { certificatePem } = await issue(dir, { name: "ci.example", use: "client" });
    expect(readCertificate(certificatePem)).toMatchObject({ names: ["dns:ci.example"], uses: ["client"] });
  });

  test.each<[string, { name?: string; names?: string[]; days?: number }, RegExp]>([
    ["a path for a name", { name: "../gw" }, /no name for a certificate/],
    ["a name that says not its kind", { names: ["gw.example"] }, /what kind of name/],
    ["no name at all", { names: [] }, /needs a name/],
    ["no day", { days: 0 }, /no time/],
    ["more days than the authority has", { days: 3651 }, /longer than the authority/],
  ])("%s is refused, and nothing is remembered", async (_name, wrong, reason) => {
    const before = (await list(dir)).length;
    await expect(issue(dir, { name: "gw", use: "server", ...wrong })).rejects.toThrow(reason);
    expect(await list(dir)).toHaveLength(before);
  });

  test("is refused where there is no authority, and makes no directory", async () => {
    await expect(issue(join(root, "none"), { name: "gw", use: "server" })).rejects.toThrow(
      /there is no authority/,
    );
    await expect(Deno.stat(join(root, "none"))).rejects.toThrow(Deno.errors.NotFound);
  });

  test("is refused when others can read the authority's key", async () => {
    const open = join(root, "open");
    await createCa(open);
    await Deno.chmod(caFiles(open).privateKey, 0o640);
    await expect(issue(open, { name: "gw", use: "server" })).rejects.toThrow(/can be read by others/);
  });

  test("two at once are one after the other or refused, and every certificate is remembered", async () => {
    const busy = join(root, "busy");
    await createCa(busy);
    await withLock(join(busy, "lock"), "it", async () => {
      await expect(issue(busy, { name: "gw", use: "server" })).rejects.toMatchObject({ code: "busy" });
    });
    const many = await Promise.allSettled(
      Array.from({ length: 5 }, (_, i) => issue(busy, { name: `c${i}`, use: "client" })),
    );
    const made = many.flatMap((one) => one.status === "fulfilled" ? [one.value.issued.serial] : []);
    expect(made.length).toBeGreaterThan(0);
    expect((await list(busy)).map(({ serial }) => serial).sort()).toEqual(made.sort());
  });
});

describe("revoke", () => {
  test("is remembered, and once is enough", async () => {
    const { issued } = await issue(dir, { name: "leaver", use: "client" });
    const list0 = await Deno.readTextFile(caFiles(dir).crl);
    expect(await revoke(dir, issued.serial.toUpperCase())).toMatchObject({ serial: issued.serial });
    expect(await Deno.readTextFile(caFiles(dir).crl)).not.toBe(list0);
    expect((await list(dir)).find(({ serial }) => serial === issued.serial)?.status).toBe("revoked");
    expect(await revoke(dir, issued.serial)).toBeUndefined();
  });

  test("of a serial number that it never gave is refused", async () => {
    await expect(revoke(dir, "1234")).rejects.toThrow(
      /has issued no certificate with the serial number 1234/,
    );
  });
});

test("list tells what has run out", async () => {
  const { issued } = await issue(dir, { name: "short", use: "client", days: 1 });
  const at = async (now: Date) =>
    (await list(dir, now)).find(({ serial }) => serial === issued.serial)?.status;
  expect(await at(new Date())).toBe("valid");
  expect(await at(day(2))).toBe("expired");
  expect(await at(day(-1))).toBe("not yet valid");
});

test("an index that can't be understood is an error that says what to do, not an empty one", async () => {
  const damaged = join(root, "damaged");
  await createCa(damaged);
  await Deno.writeTextFile(join(damaged, "index.json"), '{"version":1}');
  const error = await list(damaged).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(PkiError);
  expect((error as PkiError).next).toMatch(/backup/);
});

describe("ensureOwnTls", () => {
  const read = async (path: string) => readCertificate(await Deno.readTextFile(path));

  test("makes what is missing once, and makes anew what ends soon or lacks a name", async () => {
    const own = join(root, "own");
    const options = { serverNames: localNames(["192.0.2.7"]), clientName: "gatehouse-client" };
    const { ca, server, client } = await ensureOwnTls(own, options);
    const first = await read(server.certificate);
    expect(first.names).toEqual(
      expect.arrayContaining(["dns:localhost", "ip:127.0.0.1", "ip:::1", "ip:192.0.2.7"]),
    );
    expect(await read(client.certificate)).toMatchObject({
      names: ["dns:gatehouse-client"],
      uses: ["client"],
    });
    expect(await mode(server.privateKey)).toBe(0o600);
    const authority = await Deno.readTextFile(ca);

    await ensureOwnTls(own, options);
    expect((await read(server.certificate)).serial).toBe(first.serial);
    await ensureOwnTls(own, { ...options, serverNames: ["dns:gw.example"] });
    const second = await read(server.certificate);
    expect(second.names).toEqual(["dns:gw.example"]);
    await ensureOwnTls(own, { ...options, serverNames: ["dns:gw.example"], now: day(340) });
    expect((await read(server.certificate)).serial).not.toBe(second.serial);
    expect(await Deno.readTextFile(ca)).toBe(authority);
  });

  test("leaves the server's certificate of an operator's authority alone, and makes one where there is none", async () => {
    const theirs = join(root, "theirs");
    await createCa(theirs);
    const { server } = await serverOf(theirs, ["dns:gw.example"]);
    const made = await read(server.certificate);
    expect(made.names).toEqual(["dns:gw.example"]);
    await serverOf(theirs, ["dns:other.example"]);
    expect((await read(server.certificate)).serial).toBe(made.serial);
    await Deno.remove(server.privateKey);
    await expect(serverOf(theirs, ["dns:gw.example"])).rejects.toThrow(/is there already/);
    await expect(serverOf(join(root, "nobody"), ["dns:gw.example"])).rejects.toThrow(/no authority/);
  });
});
