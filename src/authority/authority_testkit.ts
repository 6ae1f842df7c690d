// An authority with a server behind it, and channels that come in by any door, for tests.
// Must never let a test say who it is other than by a Peer or a proof.
import { Buffer } from "node:buffer";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { join } from "node:path";
import type { EventKindNumber } from "../agent/event_sink.ts";
import { type Line, recordingLogger } from "../agent/log/testkit.ts";
import { status } from "@grpc/grpc-js";
import { Channel } from "../grpc/channel.ts";
import type { Peer } from "../grpc/conn.ts";
import { connPair } from "../grpc/conn_pair.ts";
import { Server } from "../grpc/server.ts";
import { GrpcError } from "../grpc/status.ts";
import { VirtualClock } from "../grpc/virtual_clock.ts";
import { serviceDefinition } from "../proto/mod.ts";
import { ACCESS_SERVICE, accessService } from "../services/access.ts";
import { ADMINS_SERVICE, adminsService } from "../services/admins.ts";
import { reasonIn } from "../services/refusal.ts";
import { type Authority, type AuthorityOptions, createAuthority } from "./authority.ts";
import { type ProvingKey, provingKey } from "./prover.ts";

export interface KeyPair {
  readonly spki: Buffer;
  /** The public half. */
  readonly pem: string;
  readonly privateKey: KeyObject;
  readonly proving: ProvingKey;
}

export function keyPair(algorithm: "ed25519" | "p256" = "ed25519"): KeyPair {
  const pair = algorithm === "ed25519"
    ? generateKeyPairSync("ed25519")
    : generateKeyPairSync("ec", { namedCurve: "P-256" });
  const spki = pair.publicKey.export({ type: "spki", format: "der" });
  return {
    spki,
    pem: String(pair.publicKey.export({ type: "spki", format: "pem" })),
    privateKey: pair.privateKey,
    proving: provingKey(spki, pair.privateKey),
  };
}

export const UNIX: Peer = { transport: "unix", address: "unix:///test" };
export const VSOCK: Peer = { transport: "vsock", address: "vsock://2:1", cid: 2 };
export const TCP: Peer = { transport: "tcp", address: "tcp://127.0.0.1:1" };

export interface Started {
  readonly authority: Authority;
  readonly server: Server;
  readonly owner: KeyPair;
  readonly lines: Line[];
  readonly events: { kind: EventKindNumber; message: string }[];
  readonly stateDir: string;
  /** Of nonces, proofs and denials; stands still. */
  readonly timers: VirtualClock;
  /** A channel whose every connection is that peer's. */
  channel(peer: Peer): Channel;
  stop(): Promise<void>;
}

/** Access and Admins behind the gate, with one administrator enrolled. */
export async function startAuthority(options: Partial<AuthorityOptions> = {}): Promise<Started> {
  const dir = await Deno.makeTempDir({ prefix: "gatehouse-authority-" });
  const owner = keyPair();
  await Deno.writeTextFile(join(dir, "gatehouse.admin"), owner.pem);
  const log = recordingLogger();
  const events: Started["events"] = [];
  const timers = new VirtualClock();
  const authority = await createAuthority({
    stateDir: dir,
    credentialsDir: dir,
    instanceId: "instance-1",
    rules: { defaultKeys: [], identities: [] },
    log,
    emit: (kind, message) => void events.push({ kind, message }),
    clock: { known: true },
    now: Date.now,
    timers,
    ...options,
  });
  const server = new Server({ admit: authority.admit });
  const guarded = authority.guard(server);
  guarded.addService(serviceDefinition(ACCESS_SERVICE), accessService(authority.nonces, "instance-1"));
  guarded.addService(serviceDefinition(ADMINS_SERVICE), adminsService(authority.admins));
  const channels: Channel[] = [];
  return {
    authority,
    server,
    owner,
    lines: log.lines,
    events,
    stateDir: dir,
    timers,
    channel(peer) {
      const dial = () => {
        const [near, far] = connPair();
        void server.handle({ ...far, peer: { ...peer } });
        return Promise.resolve(near);
      };
      const channel = new Channel([{ address: "unix:///test", dial }]);
      channels.push(channel);
      return channel;
    },
    async stop() {
      for (const channel of channels) channel.close();
      await server.shutdown(0);
      await Deno.remove(dir, { recursive: true });
    },
  };
}

/** Status name and reason; "OK" when it went well. */
export async function outcome(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "OK";
  } catch (error) {
    if (!(error instanceof GrpcError)) throw error;
    return `${status[error.code]} ${reasonIn(error.metadata)}`;
  }
}
