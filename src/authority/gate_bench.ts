// Cost of the gate: `deno run -A src/authority/gate_bench.ts` prints nanoseconds for each call that is let in.
// Must never measure what a refusal costs: those are bounded elsewhere.
import { createLog } from "../agent/log/mod.ts";
import type { Peer } from "../grpc/conn.ts";
import { MANY_NAMES } from "../pki/certificate_testkit.ts";
import { readPem } from "../pki/pem.ts";
import { createAuthority } from "./authority.ts";

const CALLS = 2_000_000;
const ROUNDS = 5;

const stateDir = await Deno.makeTempDir({ prefix: "gatehouse-gate-" });
const { admit } = await createAuthority({
  stateDir,
  instanceId: "bench",
  rules: { defaultKeys: [], identities: [] },
  log: createLog({ level: "off" }).component("authority"),
  emit() {},
  clock: { known: true },
  now: Date.now,
});
await Deno.remove(stateDir, { recursive: true });

const local: Peer = { transport: "vsock", address: "vsock://2:1", cid: 2 };
const tls: Peer = {
  transport: "tcp",
  address: "tcp://192.0.2.7:1",
  tls: { version: "TLSv1.3", clientCertificate: readPem(MANY_NAMES.pem, "CERTIFICATE")[0] },
};

function bestNs(peer: Peer): string {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    for (let i = 0; i < CALLS; i++) {
      if (admit("/echo.EchoService/Echo", peer, []) !== undefined) throw new Error("refused");
    }
    best = Math.min(best, (performance.now() - start) / CALLS * 1e6);
  }
  return `${Math.round(best)} ns`;
}

// deno-lint-ignore no-console
const say = console.log;
say(`by transport    ${bestNs(local)}`);
say(`by certificate  ${bestNs(tls)}`);
