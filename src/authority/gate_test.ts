// The gate's decisions that no socket test reaches: the clock, rules that change, services that have no row, denials.
import { status, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { afterEach, expect, test } from "vitest";
import { Channel } from "../grpc/channel.ts";
import { unary } from "../grpc/client.ts";
import type { Peer } from "../grpc/conn.ts";
import { connPair } from "../grpc/conn_pair.ts";
import { Server } from "../grpc/server.ts";
import { MANY_NAMES } from "../pki/certificate_testkit.ts";
import { readCertificate } from "../pki/certificate.ts";
import { readPem } from "../pki/pem.ts";
import { methodAt, serviceDefinition, type WhoAmIResponse } from "../proto/mod.ts";
import { outcome, startAuthority, type Started, UNIX } from "./authority_testkit.ts";
import { Prover } from "./prover.ts";
import { DENIALS_PER_SECOND } from "./denials.ts";

const who = methodAt<object, WhoAmIResponse>("/gatehouse.v1.Access/WhoAmI");
const list = methodAt("/gatehouse.v1.Admins/List");
const der = readPem(MANY_NAMES.pem, "CERTIFICATE")[0];
const { names, notBefore, notAfter } = readCertificate(der);
const TLS: Peer = {
  transport: "tcp",
  address: "tcp://192.0.2.7:1",
  tls: { version: "TLSv1.3", clientCertificate: der },
};

let started: Started | undefined;
afterEach(() => started?.stop());

test.each([
  ["not yet valid", notBefore.getTime() - 1, "UNAUTHENTICATED CERTIFICATE_NOT_YET_VALID"],
  ["valid from then", notBefore.getTime(), "OK"],
  ["valid until then", notAfter.getTime(), "OK"],
  ["expired", notAfter.getTime() + 1, "UNAUTHENTICATED CERTIFICATE_EXPIRED"],
])("a certificate that is %s is judged at each call", async (_name, nowMs, expected) => {
  started = await startAuthority({ now: () => nowMs });
  expect(await outcome(unary(started.channel(TLS), who, {}))).toBe(expected);
});

test("while the time is unknown no certificate is judged, and other callers are served", async () => {
  const clock = { known: false };
  started = await startAuthority({ clock, now: () => notBefore.getTime() });
  const channel = started.channel(TLS);
  expect(await outcome(unary(channel, who, {}))).toBe("UNAVAILABLE CLOCK_UNKNOWN");
  expect(await outcome(unary(started.channel(UNIX), who, {}))).toBe("OK");
  clock.known = true;
  expect(await outcome(unary(channel, who, {}))).toBe("OK");
});

test("new rules hold for the next call of a connection that is open", async () => {
  started = await startAuthority({ now: () => notBefore.getTime() });
  const channel = started.channel(TLS);
  expect((await unary(channel, who, {})).keys).toEqual([]);
  const rule = { san: names[0], role: "operator", keys: ["default-rsa"] } as const;
  started.authority.setRules({ defaultKeys: [], identities: [rule] });
  expect(await unary(channel, who, {})).toMatchObject({ identity: names[0], role: 2, keys: ["default-rsa"] });
});

test("a service with a method that has no row can't be added", async () => {
  started = await startAuthority();
  const bare = { ...serviceDefinition("gatehouse.v1.Admins") };
  const method = { ...bare.List, path: "/gatehouse.v1.Admins/Promote" };
  const guarded = started.authority.guard(started.server);
  expect(() => guarded.addService({ Promote: method }, {})).toThrow(/Promote has no row/);
});

test("a method that needs a proof and streams both ways can't be added", async () => {
  started = await startAuthority();
  const { Apply } = serviceDefinition("gatehouse.v1.Config");
  const guarded = started.authority.guard(started.server);
  expect(() => guarded.addService({ Apply: { ...Apply, requestStream: true, responseStream: true } }, {}))
    .toThrow(
      /streams both ways/,
    );
});

test("a method that reached the server without the guard is refused by the gate", async () => {
  started = await startAuthority();
  const { WhoAmI } = serviceDefinition("gatehouse.v1.Access");
  const path = "/gatehouse.v1.Access/Whatever";
  const handlers: UntypedServiceImplementation = { Whatever: () => expect.unreachable() };
  started.server.addService({ Whatever: { ...WhoAmI, path } }, handlers);
  expect(await outcome(unary(started.channel(UNIX), { ...who, path }, {}))).toBe("PERMISSION_DENIED NO_ROW");
});

test("handlers behind the guard refuse by themselves what no gate has looked at", async () => {
  started = await startAuthority();
  const server = new Server();
  started.authority.guard(server).addService(serviceDefinition("gatehouse.v1.Admins"), {
    List: () => expect.unreachable(),
  });
  const [near, far] = connPair();
  void server.handle({ ...far, peer: UNIX });
  const channel = new Channel([{ address: "unix:///test", dial: () => Promise.resolve(near) }]);
  expect(await outcome(unary(channel, list, {}))).toBe("UNAUTHENTICATED PROOF_MISSING");
  channel.close();
  await server.shutdown(0);
});

test("what a handler behind a proof throws stays its secret", async () => {
  started = await startAuthority();
  const { Get } = serviceDefinition("gatehouse.v1.Status");
  started.authority.guard(started.server).addService({ Get }, {
    Get: () => {
      throw new Error("secret");
    },
  });
  const get = methodAt<object, object>("/gatehouse.v1.Status/Get");
  const error = await new Prover(started.channel(UNIX), started.owner.proving).unary(get, {}).catch((
    e: unknown,
  ) => e);
  expect(error).toMatchObject({ code: status.UNKNOWN });
  expect(String(error)).not.toContain("secret");
});

test("denials are told one by one up to their bound, then counted, for each second anew", async () => {
  started = await startAuthority();
  const { lines, events, timers } = started;
  const channel = started.channel(UNIX);
  const denied = () => lines.filter(({ message }) => message === "denied").length;
  lines.length = events.length = 0;
  for (let i = 0; i < DENIALS_PER_SECOND + 3; i++) await outcome(unary(channel, list, {}));
  expect([denied(), events.length]).toEqual([DENIALS_PER_SECOND, DENIALS_PER_SECOND]);
  expect(lines[0].fields).toEqual({
    rule: "PROOF_MISSING",
    identity: "unix",
    method: list.path,
    transport: "unix",
    peer: "unix:///test",
  });
  timers.advance(1_000);
  expect(lines.at(-1)?.fields).toEqual({ unreported: 3 });
  await outcome(unary(channel, list, {}));
  expect(denied()).toBe(DENIALS_PER_SECOND + 1);
});
