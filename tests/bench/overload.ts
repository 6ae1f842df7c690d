// Ten times as much RSA-4096 as the appliance can do, through agent and signer on one core, the callers on the other:
// `deno task bench-overload`. Says what of the peak is still of use, and whether the rest is refused in its time.
import { parseArgs } from "node:util";
import { status } from "@grpc/grpc-js";
import { note, print, reportFailure } from "../../src/cli/output.ts";
import { CACHE_DIR } from "../../src/cli/root.ts";
import { Channel } from "../../src/grpc/channel.ts";
import { GrpcError, unary } from "../../src/grpc/client.ts";
import {
  Algorithm,
  KeyKind,
  methodAt,
  type SignRequestInit,
  type SignResponse,
} from "../../src/proto/mod.ts";
import { SIGNER } from "../../src/signer/methods.ts";
import { RemoteSigner } from "../../src/signer/remote_signer.ts";
import { parseAddress } from "../../src/transport/address.ts";
import { dialer } from "../../src/transport/dial.ts";
import { GatehouseError } from "../../src/vm/errors.ts";
import { goalLine } from "./goals.ts";
import { startServer } from "./server.ts";
import { sides } from "./sides.ts";

const SIGN = methodAt<SignRequestInit, SignResponse>("/gatehouse.v1.Crypto/Sign");
const KEY = "overload";
const DATA = new Uint8Array(63).fill(98);
const CONNECTIONS = 8;
const TIMES = 10;
const TIMEOUT_MS = 1_000;
const TICK_MS = 10;
/** Calls in flight while the peak is measured: the signer is never idle and nobody waits long. */
const WINDOW = 64;
/** Of the peak, and of the calls. */
const MIN_GOODPUT = 0.9;
const MIN_IN_TIME = 0.99;
const MAKE_KEY_MS = 120_000;

const USAGE = `usage: deno task bench-overload -- [options]
  --seconds S           of overload (30); a quarter of it before and after for the peak`;

/** How calls ended, and when: `inTime` counts what was answered before the caller had given up. */
interface Ended {
  ok: number;
  refused: number;
  late: number;
  readonly other: Map<string, number>;
}

class Callers {
  readonly #channels: Channel[];
  #next = 0;
  readonly ended: Ended = { ok: 0, refused: 0, late: 0, other: new Map() };

  constructor(address: string) {
    const parsed = parseAddress(address);
    this.#channels = Array.from(
      { length: CONNECTIONS },
      () => new Channel([{ address, dial: dialer(parsed) }]),
    );
  }

  async call(deadlineMs: number): Promise<void> {
    const channel = this.#channels[this.#next++ % CONNECTIONS];
    const request = { key: KEY, algorithm: Algorithm.RSA_PKCS1_SHA256, data: DATA };
    try {
      await unary(channel, SIGN, request, { deadlineMs });
      this.ended.ok++;
    } catch (error) {
      const code = error instanceof GrpcError ? error.code : status.UNKNOWN;
      // Whoever hears of his deadline from his own clock wasn't refused within it.
      if (code === status.RESOURCE_EXHAUSTED) this.ended.refused++;
      else if (code === status.DEADLINE_EXCEEDED) this.ended.late++;
      else this.ended.other.set(status[code], (this.ended.other.get(status[code]) ?? 0) + 1);
    }
  }

  close(): void {
    for (const channel of this.#channels) channel.close();
  }
}

/** Signatures a second of a closed loop. */
async function peak(address: string, seconds: number): Promise<number> {
  const callers = new Callers(address);
  const startedMs = performance.now();
  const elapsedMs = () => performance.now() - startedMs;
  const caller = async () => {
    while (elapsedMs() < seconds * 1000) await callers.call(10 * TIMEOUT_MS);
  };
  await Promise.all(Array.from({ length: WINDOW }, caller));
  const rate = callers.ended.ok / (elapsedMs() / 1000);
  callers.close();
  return rate;
}

/** An open loop: calls begin when they are due, whatever became of those before. */
async function overload(address: string, rate: number, seconds: number) {
  const callers = new Callers(address);
  const startedMs = performance.now();
  const calls: Promise<void>[] = [];
  for (let nowMs = 0; nowMs < seconds * 1000; nowMs = performance.now() - startedMs) {
    while (calls.length < nowMs / 1000 * rate) calls.push(callers.call(TIMEOUT_MS));
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  await Promise.all(calls);
  const tookSeconds = (performance.now() - startedMs) / 1000;
  callers.close();
  return { ...callers.ended, calls: calls.length, tookSeconds };
}

async function makeKey(address: string): Promise<void> {
  const signer = new RemoteSigner({ address, dial: dialer(parseAddress(address)) });
  try {
    const request = { id: KEY, kind: KeyKind.RSA_4096 };
    await signer.unary(SIGNER.createKey, request, { deadlineMs: MAKE_KEY_MS });
  } finally {
    await signer.close();
  }
}

async function main(seconds: number): Promise<void> {
  const side = sides.find(({ name }) => name === "agent");
  if (side === undefined) throw new Error("there is no agent among the sides");
  await Deno.mkdir(`${CACHE_DIR}/bench`, { recursive: true });
  note("building");
  await side.build();
  const dir = await Deno.makeTempDir({ prefix: "gatehouse-overload-" });
  const server = await startServer(side, dir);
  try {
    await makeKey(`unix://${server.address("unix")}.signer`);
    const address = `tcp://${server.address("tcp")}`;
    note("the peak");
    await peak(address, seconds / 10);
    const before = await peak(address, seconds / 4);
    note("overload");
    const { ok, refused, late, other, calls, tookSeconds } = await overload(address, before * TIMES, seconds);
    const after = await peak(address, seconds / 4);
    const share = (count: number) => `${(100 * count / calls).toFixed(2)}%`;
    print(`peak ${before.toFixed(0)} and ${after.toFixed(0)} signatures/s, before and after`);
    print(
      `asked ${(calls / tookSeconds).toFixed(0)}/s for ${tookSeconds.toFixed(1)} s: signed ${
        share(ok)
      }, refused ` +
        `${share(refused)}, not answered within ${TIMEOUT_MS} ms ${share(late)}`,
    );
    for (const [code, count] of other) print(`${code}: ${count}`);
    const goodput = ok / tookSeconds / Math.min(before, after);
    const inTime = (ok + refused) / calls;
    const goal = (what: string, least: number, found: number) =>
      print(goalLine({ what, goal: String(least), found: found.toFixed(3), met: found >= least }));
    goal(`goodput at ${TIMES} times capacity, of the peak`, MIN_GOODPUT, goodput);
    goal("calls answered within their deadline", MIN_IN_TIME, inTime);
    if (other.size > 0) throw new Error("calls ended in ways that overload doesn't explain");
  } finally {
    await server.stop();
    await Deno.remove(dir, { recursive: true });
  }
}

try {
  const args = Deno.args.filter((arg) => arg !== "--");
  if (args.includes("--help")) print(USAGE);
  else {
    const { values } = parseArgs({ args, options: { seconds: { type: "string" } } });
    const seconds = Number(values.seconds ?? 30);
    if (!(seconds > 0)) throw new GatehouseError("bad-argument", "no number above 0", USAGE);
    await main(seconds);
  }
} catch (error) {
  reportFailure(error, false);
  Deno.exitCode = 1;
}
