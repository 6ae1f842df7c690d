// A real agent with every door open on real sockets, and whoever knocks there.
// Must never reach around a socket: what a caller is, the agent finds out by itself.
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { Agent } from "../../src/agent/agent.ts";
import { openConfig } from "../../src/agent/config_store/open.ts";
import { createLog } from "../../src/agent/log/mod.ts";
import { type KeyPair, keyPair } from "../../src/authority/authority_testkit.ts";
import { type Door } from "../../src/authority/table.ts";
import { Channel } from "../../src/grpc/channel.ts";
import type { Conn } from "../../src/grpc/conn.ts";
import { newAuthority, newLeaf } from "../../src/pki/profile.ts";
import { readPem } from "../../src/pki/pem.ts";
import { type Signer, SignerError } from "../../src/signer/signer.ts";
import { signed, signerThat } from "../../src/signer/testkit.ts";
import { parseAddress } from "../../src/transport/address.ts";
import { dialer } from "../../src/transport/dial.ts";
import { ascii, certificate, header, ssl, tlsVersion } from "../../src/transport/proxy_v2_testkit.ts";

/** Who comes by TLS. */
export type Certificate = "user" | "operator" | "stranger" | "expired";

export interface Open {
  readonly agent: Agent;
  readonly owner: KeyPair;
  /** Keys that were used, as the signer heard of them. */
  readonly used: string[];
  /** The agent's log so far, one object a line. */
  lines(): Record<string, unknown>[];
  /** A channel through that door; by TLS with that certificate, or with none. */
  channel(door: Door, certificate?: Certificate): Channel;
  /** A connection to the gateway through that door. */
  http(door: Door, certificate?: Certificate): Promise<Conn>;
  close(): Promise<void>;
}

const DAY_MS = 24 * 3600 * 1000;

export interface OpenOptions {
  /** Default: one that tells which keys it was asked for, and signs nothing. */
  readonly signer?: Signer;
  /** Keys of the certificate of "user". */
  readonly userKeys?: readonly string[];
}

/** @param dir a directory of the test's own, on which vsock.sock is the VSOCK door */
export async function openAgent(
  dir: string,
  { signer, userKeys = ["default-rsa"] }: OpenOptions = {},
): Promise<Open> {
  const owner = keyPair();
  const used: string[] = [];
  await Deno.writeTextFile(join(dir, "gatehouse.admin"), owner.pem);
  const socket = (name: string) => `unix://${join(dir, name)}`;
  const output: string[] = [];
  const log = createLog({
    format: "json",
    output: {
      write(bytes: Uint8Array) {
        output.push(new TextDecoder().decode(bytes));
        return Promise.resolve(bytes.length);
      },
    },
  });
  const toml = `
[listen]
addresses = ["${socket("agent.sock")}", "vsock://any:50051", "tcp://127.0.0.1:0"]
proxied = ["${socket("proxied.sock")}"]
[gateway]
addresses = ["${socket("http.sock")}", "vsock://any:50080", "tcp://127.0.0.1:0", "tls://127.0.0.1:0"]
[access]
default_keys = []
[[access.identities]]
san = "dns:user.example"
keys = ${JSON.stringify(userKeys)}
[[access.identities]]
san = "dns:operator.example"
role = "operator"
keys = ["*"]
`;
  const stateDir = join(dir, "state");
  const given = { stateDir, toml, fileName: "test", log, strict: true };
  const agent = await Agent.start({
    kept: await openConfig(given),
    signer: signer ?? signerThatTells(used),
    log,
    strict: true,
    stateDir,
    credentialsDir: dir,
    // No edge comes: whoever calls its sockets stands for it.
    edge: {
      dir: join(dir, "edge"),
      backSocket: join(dir, "edge-back.sock"),
      gatewayBackSocket: join(dir, "edge-gateway-back.sock"),
    },
  });
  const certificates = await makeCertificates();
  const tcp = agent.addresses.find((address) => address.startsWith("tcp:")) ?? "";
  const channels: Channel[] = [];
  const addresses: Record<Door, string> = {
    "tcp-tls": socket("proxied.sock"),
    "tcp-plain": tcp,
    vsock: socket("vsock.sock"),
    unix: socket("agent.sock"),
  };
  const gateway: Record<Door, string> = {
    "tcp-tls": socket("edge-gateway-back.sock"),
    "tcp-plain": agent.gatewayAddresses.find((address) => address.startsWith("tcp:")) ?? "",
    vsock: socket("vsock.sock.50080"),
    unix: socket("http.sock"),
  };
  /** By TLS the edge says first who comes. */
  const through = async (door: Door, conn: Conn, by: Certificate | undefined): Promise<Conn> => {
    if (door !== "tcp-tls") return conn;
    const der = by && [certificate(certificates[by])];
    const bytes = header({ fields: ssl([tlsVersion(), ...der ?? []], by ? 0x03 : 0x01) });
    for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
    return conn;
  };
  return {
    agent,
    owner,
    used,
    lines: () => output.join("").split("\n").filter((line) => line !== "").map((line) => JSON.parse(line)),
    channel(door, by) {
      const channel = new Channel([{
        address: addresses[door],
        dial: async (signal) => await through(door, await dialer(parseAddress(addresses[door]))(signal), by),
      }]);
      channels.push(channel);
      return channel;
    },
    http: async (door, by) => await through(door, await dialer(parseAddress(gateway[door]))(), by),
    async close() {
      for (const channel of channels) channel.close();
      await agent.shutdown();
    },
  };
}

async function makeCertificates(): Promise<Record<Certificate, Uint8Array>> {
  const now = Date.now();
  const validity = { notBefore: new Date(now - DAY_MS), notAfter: new Date(now + DAY_MS) };
  const authority = await newAuthority("Test CA", validity);
  const make = async (name: string, of = validity) => {
    const { certificatePem } = await newLeaf(authority, {
      commonName: name,
      names: [`dns:${name}`],
      use: "client",
      ...of,
    });
    return readPem(certificatePem, "CERTIFICATE")[0];
  };
  return {
    user: await make("user.example"),
    operator: await make("operator.example"),
    stranger: await make("stranger.example"),
    expired: await make("operator.example", { ...validity, notAfter: new Date(now - DAY_MS / 2) }),
  };
}

function signerThatTells(used: string[]): Signer {
  return signerThat({
    sign({ key }) {
      used.push(key);
      return Promise.resolve(signed("signed"));
    },
    publicKey(key) {
      used.push(key);
      return Promise.resolve(ascii("public"));
    },
    // Whatever else it is asked for it has been asked, which is what these tests are about.
    unary: () => Promise.reject(asked()),
    clientStream: (_method, requests) => drained(requests).then(() => Promise.reject(asked())),
    // deno-lint-ignore require-yield -- it ends before it begins
    async *serverStream() {
      throw await Promise.resolve(asked());
    },
  });
}

const asked = () => new SignerError(status.INVALID_ARGUMENT, "the signer was asked");

async function drained(requests: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of requests);
}
