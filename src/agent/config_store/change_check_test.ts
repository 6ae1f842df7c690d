// What may come after the configuration in force: what is there already hinders nobody from changing something else.
import { beforeAll, expect, test } from "vitest";
import { loadConfig } from "../config/mod.ts";
import { type KeyPairPem, newAuthority, newLeaf, newRevocationList } from "../../pki/profile.ts";
import type { TlsFiles } from "./applier.ts";
import { checkChange, type Circumstances, mergeTls } from "./change_check.ts";

const DAY_MS = 86_400_000;
const TLS_TOML = '[listen]\naddresses = ["vsock://any:1", "tls://0.0.0.0:1"]\n';

let ca: KeyPairPem;
let tls: TlsFiles;
let circumstances: Circumstances;
beforeAll(async () => {
  const validity = { notBefore: new Date(Date.now() - 9 * DAY_MS), notAfter: new Date(Date.now() + DAY_MS) };
  ca = await newAuthority("CA", validity);
  const leaf = await newLeaf(ca, {
    ...validity,
    commonName: "gate",
    names: ["dns:gate.example"],
    use: "server",
  });
  tls = { ...leaf, clientCaPem: ca.certificatePem };
  circumstances = {
    clock: { known: true, reason: "" },
    // The certificate expired yesterday.
    now: () => Date.now() + 2 * DAY_MS,
    hasEdge: true,
    peer: "vsock://2:1",
  };
});

const before = (toml: string) => ({ config: loadConfig(toml, "test"), tls });
const kindOf = (run: () => unknown): string => {
  try {
    run();
    return "taken";
  } catch (error) {
    return (error as { reason: string }).reason;
  }
};

test("a certificate in force that has expired is a warning, not a reason against another log level", () => {
  const toml = `${TLS_TOML}[log]\nlevel = "debug"\n`;
  const { next, warnings } = checkChange({ toml, tls }, before(TLS_TOML), circumstances);
  expect(next.config.log.level).toBe("debug");
  expect(warnings).toEqual([
    expect.stringMatching(/^tls\.certificate_pem: CN=gate expired/),
    expect.stringMatching(/^tls\.client_ca_pem: CN=CA expired/),
  ]);
});

test("the same certificate is a reason against the first tls:// address", () => {
  expect(kindOf(() => checkChange({ toml: TLS_TOML, tls }, before(""), circumstances))).toBe("INVALID");
});

test("a clock that isn't known is a reason against new material only", () => {
  const unknown = { ...circumstances, clock: { known: false, reason: "never set" } };
  const same = () => checkChange({ toml: TLS_TOML, tls }, before(TLS_TOML), unknown);
  expect(kindOf(same)).toBe("taken");
  const other = () =>
    checkChange({ toml: TLS_TOML, tls: { ...tls, crlPem: "x" } }, before(TLS_TOML), unknown);
  expect(kindOf(other)).toBe("CLOCK_UNKNOWN");
  expect(kindOf(() => checkChange({ toml: "", tls: {} }, before(TLS_TOML), unknown))).toBe("taken");
});

test("without an edge there is no TLS, whatever the material", () => {
  const now = () => Date.now();
  const noEdge = { ...circumstances, now, hasEdge: false };
  expect(kindOf(() => checkChange({ toml: TLS_TOML, tls }, before(""), noEdge))).toBe("NO_EDGE");
  expect(kindOf(() => checkChange({ toml: TLS_TOML, tls }, before(""), { ...noEdge, hasEdge: true }))).toBe(
    "taken",
  );
});

test("certificates that a change, or a rollback, takes again are counted in a warning", async () => {
  const now = Date.now();
  const validity = { notBefore: new Date(now - DAY_MS), notAfter: new Date(now + DAY_MS) };
  const list = (...serials: string[]) =>
    newRevocationList(ca, serials.map((serial) => ({ serial, revokedAt: new Date() })), 1, validity);
  const revoked = { ...tls, crlPem: await list("1a", "2b") };
  const warningsFor = (crlPem: string | undefined) =>
    checkChange({ toml: TLS_TOML, tls: { ...tls, crlPem } }, { ...before(TLS_TOML), tls: revoked }, {
      ...circumstances,
      now: () => now,
    }).warnings;
  expect(warningsFor(await list("1a"))).toEqual([
    expect.stringMatching(/^1 certificates that CN=CA has revoked/),
  ]);
  expect(warningsFor(undefined)).toEqual([expect.stringMatching(/^2 certificates/)]);
  expect(warningsFor(await list("1a", "2b", "3c"))).toEqual([]);
});

test("an absent part of TLS material stays, an empty one goes", () => {
  expect(mergeTls({ certificatePem: "a", crlPem: "b" }, { crlPem: "", privateKeyPem: "c" })).toEqual({
    certificatePem: "a",
    privateKeyPem: "c",
  });
  expect(mergeTls({ crlPem: "b" }, undefined)).toEqual({ crlPem: "b" });
});
