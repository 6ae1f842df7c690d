// A well-behaved client as a process of its own: Echo over and over, a few calls at a time.
// Must never hide a failure: every answer tells how many calls failed, and how the first one did.
//
//   stdin: an empty line asks; stdout: one line of JSON answers (GoodCount)
import { Client } from "../../src/cli/client.ts";

/** Calls under way at once: a modest client, which still keeps the agent busy when nobody attacks. */
const IN_FLIGHT = 16;
const PAYLOAD = "eighteen bytes lon";
/** A call that takes longer has failed, whatever else happens on the machine. */
const TIMEOUT_MS = 10_000;

export interface GoodCount {
  ok: number;
  failed: number;
  /** How the first one failed. */
  failure?: string;
  /** On this process's own monotonic clock. */
  atMs: number;
}

async function main(address: string): Promise<void> {
  const client = new Client(address, { timeoutMs: TIMEOUT_MS });
  const count: GoodCount = { ok: 0, failed: 0, atMs: 0 };
  let asked = true;
  const call = async (): Promise<void> => {
    while (asked) {
      try {
        const reply = await client.echo(PAYLOAD);
        if (reply.payload !== PAYLOAD) throw new Error("the echo is another text");
        count.ok++;
      } catch (error) {
        count.failed++;
        count.failure ??= error instanceof Error ? error.message : String(error);
      }
    }
  };
  const calls = Array.from({ length: IN_FLIGHT }, call);
  const encoder = new TextEncoder();
  for await (const _ of Deno.stdin.readable) {
    count.atMs = performance.now();
    await Deno.stdout.write(encoder.encode(`${JSON.stringify(count)}\n`));
  }
  asked = false;
  await Promise.all(calls);
  client.close();
}

if (import.meta.main) await main(Deno.args[0]);
