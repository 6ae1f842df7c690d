// Files that change under load: in a storm, by halves, by a swapped link, with the clock; nobody good feels it, and
// whoever is revoked is out.
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { faketime } from "../lib/tools.ts";
import { Door } from "./door.ts";
import { Edge, edgeFiles, writeMaterial } from "./edge.ts";
import { Authority, type Identity, serverOf } from "./pki.ts";
import { dialTcp } from "./sockets.ts";
import { Tls13Client } from "./tls13_client.ts";
import { as, shake } from "./s_client.ts";

const HERE = serverOf("DNS:localhost", "IP:127.0.0.1");
/** The edge looks once a second. */
const SEEN_MS = 4_000;

let door: Door;
beforeAll(async () => {
  door = await Door.open(async ({ root, material }) => ({
    material: { ...material, crl: await root.revocationList() },
  }));
}, 60_000);
afterAll(() => door.stop());
afterEach(() => door.goesOn());

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** The subject of the certificate that a server shows. */
const shown = async (at: string): Promise<string> =>
  /^subject=CN = (.*)$/m.exec(await shake(at, ["-alpn", "h2", ...as(door.client)]))?.[1] ?? "";

test("a storm of reloads under load fails no call, and leaves neither memory nor descriptors behind", async () => {
  const edge = door.edge;
  await edge.reload({});
  const [descriptors, before] = [await edge.descriptors(), await edge.residentBytes()];
  const until = performance.now() + 2_000;
  let reloads = 0;
  const storm = (async () => {
    for (; performance.now() < until; reloads++) {
      await writeMaterial(edge.dir, door.prepared.material);
      edge.signal("SIGHUP");
      await sleep(5);
    }
  })();
  while (performance.now() < until) expect(await door.echo("in the storm")).toBe("in the storm");
  await storm;
  expect(reloads).toBeGreaterThan(50);
  await expect.poll(() => edge.descriptors(), { timeout: 5_000 }).toBeLessThanOrEqual(descriptors);
  expect(await edge.residentBytes() - before).toBeLessThan(16 * 1024 * 1024);
});

test("files that are written by pieces are taken when they are whole, and not before", async () => {
  const next = await door.prepared.root.issue("by pieces", { extensions: HERE });
  const files: [string, string][] = [["certificate.pem", next.chain], ["private_key.pem", next.keyPem]];
  for (const [name, text] of files) {
    const file = await Deno.open(join(door.edge.dir, name), { write: true, truncate: true });
    for (let at = 0; at < text.length; at += 60) {
      await file.write(new TextEncoder().encode(text.slice(at, at + 60)));
      if (at % 300 === 0) door.edge.signal("SIGHUP");
      expect(await door.echo("meanwhile")).toBe("meanwhile");
    }
    file.close();
  }
  await expect.poll(() => shown(door.edge.at()), { timeout: SEEN_MS }).toBe("by pieces");
});

test.each(["", "no PEM", "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"])(
  "a revocation list that is none is not taken: %j",
  async (crl) => {
    const file = join(door.edge.dir, "crl.pem");
    const good = await Deno.readTextFile(file);
    await door.edge.reload({ crl }, "configuration not taken");
    expect(await door.echo("by the old one")).toBe("by the old one");
    await door.edge.reload({ crl: good });
  },
);

test("a link that is swapped back and forth never mixes a certificate with another's key", async () => {
  const { dir, root, material } = door.prepared;
  const link = join(dir, "current");
  const names = ["one", "two"];
  for (const name of names) {
    const server = await root.issue(name, { extensions: HERE });
    await Deno.mkdir(join(dir, name));
    await edgeFiles(join(dir, name), {
      material: { ...material, certificate: server.chain, privateKey: server.keyPem },
      back: join(dir, "back.sock"),
    });
  }
  await Deno.symlink("one", link);
  const edge = await Edge.watch(join(link, "edge.json"));
  const swap = async (to: string) => {
    await Deno.symlink(to, `${link}.next`);
    await Deno.rename(`${link}.next`, link);
    edge.signal("SIGHUP");
  };
  for (let i = 0; i < 100; i++) {
    await swap(names[i % 2]);
    if (i % 10 === 0) expect(await door.echo("meanwhile", door.client, edge.at())).toBe("meanwhile");
  }
  expect(edge.log()).not.toContain("not taken");
  await swap("one");
  await expect.poll(() => shown(edge.at()), { timeout: SEEN_MS }).toBe("one");
  await edge.stop();
});

test("a connection whose certificate is revoked while it is open is closed, and others are not", async () => {
  const { root } = door.prepared;
  const revoked: Identity = await root.issue("revoked while connected");
  const client = new Tls13Client(await dialTcp(door.edge.at()));
  await client.shake(revoked);
  const caller = door.caller(revoked);
  expect(await caller.echo("before")).toBe("before");
  await root.revoke(revoked);
  await door.edge.reload({ crl: await root.revocationList() });
  await expect.poll(() => caller.echo("after").catch(() => "refused"), { timeout: SEEN_MS }).toBe("refused");
  caller.close();
  await client.readAlert(); // until it is closed
  client.conn.close();
}, 9_000);

test("anchors that change let the new clients in and the old ones no more", async () => {
  const { material } = door.prepared;
  const edge = await door.fresh();
  const other = await Authority.root(door.prepared.dir, "next anchor");
  const theirs = await other.issue("theirs");
  await expect(door.echo("too early", theirs, edge.at())).rejects.toThrow();
  await edge.reload({ clientCa: material.clientCa + other.anchor });
  expect(await door.echo("in time", theirs, edge.at())).toBe("in time");
  await edge.reload({ clientCa: other.anchor });
  await expect(door.echo("too late", door.client, edge.at())).rejects.toThrow();
  await edge.stop();
});

test("a clock that jumps refuses certificates while it is wrong, and hurts no open connection", async (context) => {
  const library = await faketime();
  if ("reason" in library) return context.skip(library.reason);
  const clock = join(door.prepared.dir, "clock");
  await Deno.writeTextFile(clock, "+0\n");
  const env = {
    LD_PRELOAD: library.path,
    FAKETIME_TIMESTAMP_FILE: clock,
    FAKETIME_NO_CACHE: "1",
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
  };
  const edge = await door.fresh({ env });
  const held = door.caller(door.client, edge.at());
  expect(await held.echo("before")).toBe("before");
  for (const jump of ["+800d", "-800d"]) {
    await Deno.writeTextFile(clock, `${jump}\n`);
    await expect(door.echo("at a wrong time", door.client, edge.at())).rejects.toThrow();
    expect(await held.echo("open")).toBe("open");
  }
  await Deno.writeTextFile(clock, "+0\n");
  expect(await door.echo("at the right time", door.client, edge.at())).toBe("at the right time");
  held.close();
  await edge.stop();
});
