// `gatehouse ca`, judged by openssl: what it makes is what RFC 5280 asks for, and what it revokes is revoked.
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gatehouse, gatehouseJson, run, tryGatehouse } from "../lib/command.ts";
import { openssl } from "../lib/tools.ts";

interface Issued {
  serial: string;
  certificate: string;
  private_key: string;
}

let root: string;
let ca: string;
let server: Issued;
let client: Issued;
beforeAll(async () => {
  root = await Deno.makeTempDir({ prefix: "gatehouse-ca-cli-" });
  ca = join(root, "ca");
  await gatehouse(["ca", "init", ca, "--name", "Example CA"]);
  const issue = (...args: string[]) => gatehouseJson<Issued>(["ca", "issue", ca, ...args, "--out", root]);
  server = await issue("gw", "--server", "--san", "dns:gw.example", "ip:192.0.2.7", "ip:2001:db8::7");
  client = await issue("ci.example", "--client", "--days", "30");
}, 30_000);
afterAll(() => Deno.remove(root, { recursive: true }));

test("the commands say what they have made and what to do with it", async () => {
  const listed = await gatehouse(["ca", "list", ca]);
  expect(listed).toMatch(new RegExp(`${server.serial}  server  valid .* dns:gw.example, ip:192.0.2.7`));
  expect(((await Deno.stat(client.private_key)).mode ?? 0) & 0o777).toBe(0o600);
  const again = await tryGatehouse(["ca", "issue", ca, "gw", "--server", "--out", root]);
  expect(again).toMatchObject({ code: 1, err: expect.stringMatching(/is there already\nNext: /) });
  const both = await tryGatehouse(["ca", "issue", ca, "x", "--out", root]);
  expect(both).toMatchObject({ code: 1, err: expect.stringMatching(/give one of --server and --client/) });
}, 20_000);

describe("openssl", async () => {
  const tool = await openssl();
  if ("reason" in tool) {
    test.skip(`skipped: ${tool.reason}`, () => {});
    return;
  }
  const verify = async (file: string, ...more: string[]) => {
    const { code, out, err } = await run(tool.path, [
      ...["verify", "-x509_strict", "-CAfile", join(ca, "ca.pem"), ...more],
      file,
    ]);
    return code === 0 ? "OK" : `${out}${err}`;
  };

  test("verifies both, strictly, each for its own use only", async () => {
    expect(await verify(server.certificate, "-purpose", "sslserver")).toBe("OK");
    expect(await verify(client.certificate, "-purpose", "sslclient")).toBe("OK");
    expect(await verify(server.certificate, "-purpose", "sslclient")).toMatch(
      /unsuitable certificate purpose/i,
    );
    expect(await verify(client.certificate, "-purpose", "sslserver")).toMatch(
      /unsuitable certificate purpose/i,
    );
  });

  test("verifies the server by its names and no other", async () => {
    expect(await verify(server.certificate, "-verify_hostname", "gw.example")).toBe("OK");
    expect(await verify(server.certificate, "-verify_ip", "2001:db8::7")).toBe("OK");
    expect(await verify(server.certificate, "-verify_hostname", "other.example")).toMatch(
      /hostname mismatch/i,
    );
  });

  test("finds the purposes and no authority in what was issued", async () => {
    const { out } = await run(tool.path, ["x509", "-in", server.certificate, "-noout", "-purpose"]);
    expect(out).toMatch(/^SSL server : Yes$/m);
    expect(out).toMatch(/^SSL client : No$/m);
    expect(out).toMatch(/^SSL server CA : No$/m);
  });

  test("refuses what was revoked, by its file or by its serial number, and nothing else", async () => {
    const crl = ["-crl_check", "-CRLfile", join(ca, "crl.pem")];
    expect(await verify(client.certificate, ...crl)).toBe("OK");
    await gatehouse(["ca", "revoke", ca, client.certificate]);
    expect(await verify(client.certificate, ...crl)).toMatch(/certificate revoked/);
    expect(await verify(server.certificate, ...crl)).toBe("OK");
    expect(await gatehouseJson(["ca", "revoke", ca, client.serial])).toMatchObject({ revoked: false });
    await gatehouse(["ca", "revoke", ca, server.serial]);
    expect(await verify(server.certificate, ...crl)).toMatch(/certificate revoked/);
  }, 20_000);
});
