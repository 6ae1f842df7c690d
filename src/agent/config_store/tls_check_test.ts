// TLS material that can't do what it is for is found before the edge gets it, and named by its part.
import { beforeAll, describe, expect, test } from "vitest";
import { type KeyPairPem, newAuthority, newLeaf, newRevocationList } from "../../pki/profile.ts";
import type { TlsFiles } from "./applier.ts";
import { checkTls, MAX_PEM_UNITS } from "./tls_check.ts";

const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 10, 21);
const validity = (from = -1, to = 30) => ({
  notBefore: new Date(NOW + from * DAY_MS),
  notAfter: new Date(NOW + to * DAY_MS),
});

let ca: KeyPairPem;
let otherCa: KeyPairPem;
let server: KeyPairPem;
let good: TlsFiles;
const leaf = (changes: Partial<Parameters<typeof newLeaf>[1]> = {}) =>
  newLeaf(ca, { ...validity(), commonName: "gate", names: ["dns:gate.example"], use: "server", ...changes });

beforeAll(async () => {
  ca = await newAuthority("CA", validity(-1, 60));
  otherCa = await newAuthority("Other CA", validity(-1, 60));
  server = await leaf();
  good = {
    certificatePem: server.certificatePem + ca.certificatePem,
    privateKeyPem: server.privateKeyPem,
    clientCaPem: ca.certificatePem + otherCa.certificatePem,
    crlPem: await newRevocationList(ca, [], 1, validity()),
  };
});

const problems = (changes: Partial<TlsFiles>, needed = true, nowMs: number | undefined = NOW) =>
  checkTls({ ...good, ...changes }, needed, nowMs).map(({ field, description }) =>
    `${field}: ${description}`
  );
const one = (pattern: RegExp) => [expect.stringMatching(pattern)];

test("good material has no problem, with and without an address that needs it", () => {
  expect([problems({}), problems({}, false), checkTls({}, false, NOW)]).toEqual([[], [], []]);
});

describe("a part", () => {
  test("that an address needs must be there, but for revocation lists", () => {
    expect(problems({ privateKeyPem: undefined, crlPem: undefined })).toEqual(
      one(/^private_key_pem: is missing, and a tls:/),
    );
    expect(problems({ clientCaPem: undefined })).toEqual(one(/^client_ca_pem: is missing/));
    expect(problems({ privateKeyPem: undefined }, false)).toEqual(one(/^private_key_pem: .* go together/));
  });

  test("that isn't PEM, or is cut, is named", () => {
    const cut = server.certificatePem.slice(0, 200);
    expect(problems({ certificatePem: "x" })).toEqual(one(/^certificate_pem: .*no certificate in it/));
    expect(problems({ certificatePem: cut })).toEqual(one(/^certificate_pem: .*no end/));
    expect(problems({ clientCaPem: "x" })).toEqual(one(/^client_ca_pem: .*no certificate/));
    expect(problems({ crlPem: "x" })).toEqual(one(/^crl_pem: .*no revocation list/));
    expect(problems({ privateKeyPem: "x" })).toEqual(one(/^private_key_pem: is no private key/));
  });

  test("that others may read holds no private key, whatever stands beside it", () => {
    const { privateKeyPem: key } = server;
    const found = /holds a private key, .*; leave the key out/;
    expect(problems({ certificatePem: server.certificatePem + key })).toEqual([
      expect.stringMatching(new RegExp(`^certificate_pem: ${found.source}`)),
    ]);
    expect(problems({ clientCaPem: key.replaceAll("PRIVATE", "RSA PRIVATE") + ca.certificatePem })).toEqual(
      one(found),
    );
    expect(problems({ crlPem: good.crlPem + key.slice(0, 60) })).toEqual(one(found));
  });

  test("that is far too long isn't read", () => {
    expect(problems({ crlPem: "x".repeat(MAX_PEM_UNITS + 1) })).toEqual(
      one(/^crl_pem: 65537 characters, at most/),
    );
  });
});

describe("a certificate", () => {
  test("needs its own key, and the problem says nothing of it", async () => {
    const other = await leaf();
    const found = problems({ privateKeyPem: other.privateKeyPem });
    expect(found).toEqual(one(/^private_key_pem: isn't the certificate's/));
  });

  test("that expired, or is not valid yet, is refused; where the time isn't asked it passes", async () => {
    const old = await leaf(validity(-30, -1));
    const early = await leaf(validity(1, 30));
    const with_ = ({ certificatePem, privateKeyPem }: KeyPairPem) => ({ certificatePem, privateKeyPem });
    expect(problems(with_(old))).toEqual(one(/^certificate_pem: CN=gate expired at 2026-11-20/));
    expect(problems(with_(early))).toEqual(one(/holds from 2026-11-22.*wait, or mend the clock/));
    expect(checkTls({ ...good, ...with_(old) }, true)).toEqual([]);
  });

  test("for clients, of a CA, or without a name is no server's", async () => {
    const client = await leaf({ use: "client" });
    expect(problems({ certificatePem: client.certificatePem, privateKeyPem: client.privateKeyPem })).toEqual(
      one(/not for servers/),
    );
    expect(problems({ certificatePem: ca.certificatePem, privateKeyPem: ca.privateKeyPem })[0]).toMatch(
      /is a CA's; put the server's own first/,
    );
  });

  test("must be followed by its issuer, not by another", () => {
    expect(problems({ certificatePem: server.certificatePem + otherCa.certificatePem })).toEqual(
      one(/CN=Other CA stands behind CN=gate and isn't its issuer/),
    );
    expect(problems({ certificatePem: server.certificatePem })).toEqual([]);
  });
});

describe("anchors", () => {
  test("are CAs", () => {
    expect(problems({ clientCaPem: server.certificatePem })).toEqual(
      one(/^client_ca_pem: CN=gate is no CA's/),
    );
  });

  test("may be expired as long as one of them holds", async () => {
    const old = await newAuthority("Old CA", validity(-9, -1));
    expect(problems({ clientCaPem: old.certificatePem + ca.certificatePem })).toEqual([]);
    const later = NOW + 61 * DAY_MS;
    const anchor = { clientCaPem: ca.certificatePem, certificatePem: undefined, crlPem: undefined };
    expect(problems(anchor, false, later)).toEqual(
      one(/^client_ca_pem: CN=CA expired/),
    );
  });
});

describe("a revocation list", () => {
  test("of other authorities than the clients', by which nobody could come in, is refused", async () => {
    const foreign = await newRevocationList(await newAuthority("Foreign CA", validity()), [], 1, validity());
    expect(problems({ crlPem: foreign })).toEqual(
      one(/^crl_pem: .*no client could be let in: .*CN=Foreign CA/),
    );
    expect(problems({ crlPem: good.crlPem + foreign })).toEqual([]);
  });

  test("that held until yesterday is refused, where the time is asked", async () => {
    const old = await newRevocationList(ca, [], 1, validity(-9, -1));
    expect(problems({ crlPem: old })).toEqual(
      one(/^crl_pem: the list of CN=CA held until 2026-11-20.*newest/),
    );
    expect(checkTls({ ...good, crlPem: old }, true)).toEqual([]);
  });
});

test("a revocation list with the name of the clients' CA and not its signature is refused: nobody could come in", async () => {
  const namesake = await newAuthority("CA", validity(-1, 60));
  const crlPem = await newRevocationList(namesake, [], 1, validity());
  expect(problems({ crlPem: good.crlPem + crlPem })).toEqual(
    one(/^crl_pem: the list of CN=CA isn't signed by the clients' CA of that name/),
  );
  // Where the namesake is trusted too, it is its own.
  expect(problems({ crlPem, clientCaPem: good.clientCaPem + namesake.certificatePem })).toEqual([]);
});
