import { expect, test } from "vitest";
import type { Peer } from "../grpc/conn.ts";
import { Role } from "../proto/mod.ts";
import { AccessPolicy, type AccessRules, accessRules } from "./access_policy.ts";
import { callerOf } from "./caller.ts";
import { ALL_KEYS, mayUseKey } from "./identity.ts";
import { PEER } from "../grpc/peer_of.ts";

const NONE: AccessRules = { defaultKeys: [], identities: [] };

/** Names by the certificate's only byte. */
const certificates: Record<number, string[]> = { 1: ["dns:a.example", "dns:b.example"], 2: [] };
const validity = { notBefore: new Date(1_000), notAfter: new Date(2_000) };
let reads = 0;
function read(der: Uint8Array) {
  reads++;
  const names = certificates[der[0]];
  if (names === undefined) throw new RangeError("no certificate");
  return { names, ...validity };
}

const overTls = (byte?: number): Peer => ({
  transport: "tcp",
  address: "tcp://192.0.2.7:1",
  tls: { version: "TLSv1.3", clientCertificate: byte === undefined ? undefined : Uint8Array.of(byte) },
});

test("the transport alone makes a user of all keys, and names it", () => {
  const policy = new AccessPolicy(NONE, read);
  const who = (peer: Peer) => policy.callerAt(peer);
  expect(who({ transport: "unix", address: "unix:///x" })).toMatchObject({
    door: "unix",
    identity: { name: "unix", role: Role.USER, transport: "unix", keys: [ALL_KEYS] },
  });
  expect(who({ transport: "vsock", address: "vsock://2:1", cid: 2 })).toMatchObject({
    door: "vsock",
    identity: { name: "vsock:2", role: Role.USER, transport: "vsock", keys: [ALL_KEYS] },
  });
  expect(who({ transport: "tcp", address: "tcp://127.0.0.1:1" })).toMatchObject({
    door: "tcp-plain",
    identity: { name: "tcp", role: Role.USER, transport: "tcp", keys: [ALL_KEYS] },
  });
});

test("the first name with a rule is the identity, else the first name", () => {
  const rule = { san: "dns:b.example", role: "operator", keys: ["default-rsa"] } as const;
  const policy = new AccessPolicy({ defaultKeys: ["default-p256"], identities: [rule] }, read);
  expect(policy.callerAt(overTls(1))).toMatchObject({
    door: "tcp-tls",
    identity: { name: "dns:b.example", role: Role.OPERATOR, transport: "tcp", keys: ["default-rsa"] },
    validMs: { from: 1_000, to: 2_000 },
  });
  policy.setRules({ defaultKeys: ["default-p256"], identities: [] });
  expect(policy.callerAt(overTls(1)).identity).toMatchObject({
    name: "dns:a.example",
    role: Role.USER,
    keys: ["default-p256"],
  });
  expect(policy.callerAt(overTls(2)).identity.name).toBe("tls:no-name");
});

test("a peer is looked at once until the rules change, and open connections get the new ones", () => {
  const policy = new AccessPolicy(NONE, read);
  const peer = overTls(1);
  const call = { [PEER]: peer };
  reads = 0;
  expect(policy.callerAt(peer)).toBe(policy.callerAt(peer));
  expect(reads).toBe(1);
  expect(mayUseKey(callerOf(call)!, "default-rsa")).toBe(false);
  policy.setRules({ defaultKeys: ["default-rsa"], identities: [] });
  policy.callerAt(peer);
  expect(reads).toBe(2);
  expect(mayUseKey(callerOf(call)!, "default-rsa")).toBe(true);
});

test("a call whose request comes after the rules changed is judged by the new ones", () => {
  const policy = new AccessPolicy({ defaultKeys: ["default-rsa"], identities: [] }, read);
  const peer = overTls(1);
  const call = { [PEER]: peer };
  policy.callerAt(peer); // the gate, at its headers
  policy.setRules(NONE);
  expect(mayUseKey(callerOf(call)!, "default-rsa")).toBe(false);
});

test.each<[string, Peer, string]>([
  ["a process of the appliance itself", { transport: "vsock", address: "vsock://1:1", cid: 1 }, "CID_LOCAL"],
  ["a VSOCK peer without a context id", { transport: "vsock", address: "vsock://?" }, "CID_LOCAL"],
  ["TLS without a certificate", overTls(), "CERTIFICATE_MISSING"],
  ["a certificate that can't be read", overTls(9), "CERTIFICATE_UNREADABLE"],
])("%s is nobody and gets nothing", (_name, peer, rule) => {
  const { identity, refusal } = new AccessPolicy({ ...NONE, defaultKeys: [ALL_KEYS] }, read).callerAt(peer);
  expect(identity).toMatchObject({ role: Role.ROLE_UNSPECIFIED, keys: [] });
  expect(refusal).toBe(rule);
});

test("a rule's name is compared in its canonical text", () => {
  const identity = { san: "dns:A.Example", role: "user", keys: ["default-rsa"] } as const;
  const policy = new AccessPolicy(accessRules({ default_keys: [], identities: [identity] }), read);
  expect(policy.callerAt(overTls(1)).identity).toMatchObject({
    name: "dns:a.example",
    keys: ["default-rsa"],
  });
});
