// The calls that `up` makes to show that the VM works: one Echo and one Sign
// over each transport, each signature verified against the fetched public key.
import { GrpcError } from "../grpc/status.ts";
import { status } from "@grpc/grpc-js";
import type { RunningVm } from "../vm/machine.ts";
import { DEFAULT_ALGORITHM, parseAlgorithm } from "./algorithm.ts";
import { type Client, DEFAULT_TIMEOUT_MS, withClient } from "./client.ts";
import { verifySignature } from "./verify_signature.ts";
import { readClientFiles } from "./vm_tls.ts";

/** It looks for news once a second; the rest is for software emulation on a loaded machine. */
const EDGE_MS = 30_000;
const EDGE_RETRY_MS = 200;

export interface CallRow {
  transport: "VSOCK" | "TLS" | "TCP";
  call: "Echo" | "Sign";
  latency_ms: number;
  verified: boolean;
}

/** @throws GrpcError when a transport doesn't answer */
export async function firstCalls(vm: RunningVm, signal: AbortSignal): Promise<CallRow[]> {
  const rows: CallRow[] = [];
  const { vsock, tls, tcp } = vm.addresses;
  for (const [transport, address] of [["VSOCK", vsock], ["TLS", tls], ["TCP", tcp]] as const) {
    if (address === undefined) continue;
    const options = {
      timeoutMs: DEFAULT_TIMEOUT_MS,
      signal,
      tls: transport === "TLS" ? await readClientFiles(vm.clientFiles) : undefined,
    };
    await withClient(address, options, async (client) => {
      // The connection's own cost is not the call's.
      await answering(client, signal);
      rows.push({ transport, ...await echoRow(client) }, { transport, ...await signRow(client) });
    });
  }
  return rows;
}

/** Waits for the edge: the agent tells it where to listen when it serves VSOCK already, so it opens a little later. */
async function answering(client: Client, signal: AbortSignal): Promise<void> {
  const givenUpMs = performance.now() + EDGE_MS;
  for (;;) {
    try {
      await client.health();
      return;
    } catch (error) {
      const closed = error instanceof GrpcError && error.code === status.UNAVAILABLE;
      if (!closed || signal.aborted || performance.now() > givenUpMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, EDGE_RETRY_MS));
    }
  }
}

async function echoRow(client: Client): Promise<Omit<CallRow, "transport">> {
  const payload = `hello at ${new Date().toISOString()}`;
  const { reply, latency_ms } = await timed(() => client.echo(payload));
  return { call: "Echo", latency_ms, verified: reply.payload === payload };
}

async function signRow(client: Client): Promise<Omit<CallRow, "transport">> {
  const { name, algorithm, keyType } = parseAlgorithm(DEFAULT_ALGORITHM);
  const data = crypto.getRandomValues(new Uint8Array(64));
  const { public_key_der } = await client.publicKey({ key_type: keyType, algorithm });
  const sign = () => timed(() => client.sign({ data, key_type: keyType, algorithm }));
  const { reply, latency_ms } = await sign().catch((error) => {
    // A guest that is emulated on a loaded machine stands still for longer than the agent waits for its signer.
    if (error instanceof GrpcError && error.code === status.DEADLINE_EXCEEDED) return sign();
    throw error;
  });
  return {
    call: "Sign",
    latency_ms,
    verified: await verifySignature(name, public_key_der, data, reply.signature),
  };
}

async function timed<T>(call: () => Promise<T>): Promise<{ reply: T; latency_ms: number }> {
  const started = performance.now();
  const reply = await call();
  return { reply, latency_ms: Number((performance.now() - started).toFixed(3)) };
}
