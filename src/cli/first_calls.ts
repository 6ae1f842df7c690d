// The calls that `up` makes to show that the VM works: one Echo and one Sign
// over each transport, each signature verified against the fetched public key.
import type { RunningVm } from "../vm/machine.ts";
import { DEFAULT_ALGORITHM, parseAlgorithm } from "./algorithm.ts";
import { type Client, DEFAULT_TIMEOUT_MS, withClient } from "./client.ts";
import { verifySignature } from "./verify_signature.ts";

export interface CallRow {
  transport: "VSOCK" | "TCP";
  call: "Echo" | "Sign";
  latency_ms: number;
  verified: boolean;
}

/** @throws GrpcError when a transport doesn't answer */
export async function firstCalls(vm: RunningVm, signal: AbortSignal): Promise<CallRow[]> {
  const rows: CallRow[] = [];
  for (const [transport, address] of [["VSOCK", vm.addresses.vsock], ["TCP", vm.addresses.tcp]] as const) {
    if (address === undefined) continue;
    await withClient(address, { timeoutMs: DEFAULT_TIMEOUT_MS, signal }, async (client) => {
      // The connection's own cost is not the call's.
      await client.health();
      rows.push({ transport, ...await echoRow(client) }, { transport, ...await signRow(client) });
    });
  }
  return rows;
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
  const { reply, latency_ms } = await timed(() => client.sign({ data, key_type: keyType, algorithm }));
  return { call: "Sign", latency_ms, verified: verifySignature(name, public_key_der, data, reply.signature) };
}

async function timed<T>(call: () => Promise<T>): Promise<{ reply: T; latency_ms: number }> {
  const started = performance.now();
  const reply = await call();
  return { reply, latency_ms: Number((performance.now() - started).toFixed(3)) };
}
