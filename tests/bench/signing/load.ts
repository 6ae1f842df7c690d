// The load on one side: 8 connections x 16 streams, 63 bytes that differ in every call. A signature that doesn't
// verify is an error here: no figure of a server that errs gets into a table.
import { Client } from "../../../src/cli/client.ts";
import { run } from "../../lib/command.ts";
import type { Measured } from "../generator.ts";
import { h2loadRateOf } from "../h2load.ts";
import { pinned } from "../machine.ts";
import type { RunningServer } from "../server.ts";
import { GENERATOR } from "../sides.ts";
import type { Task } from "./figures.ts";

export const CONNECTIONS = 8;
export const STREAMS = 16;
export const DATA_BYTES = 63;
export const BATCH_ITEMS = 64;
/** Of the keys of dataplane/signer/examples/fill_store.rs, before a hyphen and their numbers. */
const KEY_NAME = "key";

/** The key's public half, as a file for the generator. */
export async function fetchPublicKey(server: RunningServer, task: Task, file: string): Promise<void> {
  const client = new Client(`tcp://${server.address("tcp")}`, { timeoutMs: 10_000 });
  try {
    const { keyType: key_type, algorithm } = task;
    const { public_key_der } = await client.publicKey({ key_type, algorithm });
    await Deno.writeFile(file, public_key_der);
  } finally {
    client.close();
  }
}

export interface SignLoad {
  readonly publicKey: string;
  readonly seconds: number;
  readonly warmupSeconds: number;
  /** By gatehouse.v1.Crypto/SignBatch; a unit is a signature. */
  readonly batch?: boolean;
  /** Under so many keys of many_keys.ts instead of the task's, each as likely, or by Zipf's law. */
  readonly keys?: { readonly count: number; readonly zipf: boolean };
  /** One call in flight on one connection. */
  readonly alone?: boolean;
}

/** @throws Error when the run failed or an answer was not right */
export async function measureSigning(server: RunningServer, task: Task, load: SignLoad): Promise<Measured> {
  const pids = server.signerPid === undefined ? server.pids : [...server.pids, server.signerPid];
  const [program, ...args] = pinned("generator", [
    ...[GENERATOR, server.address("tcp"), "--mode=sign", ...called(task, load)],
    ...[`--connections=${load.alone ? 1 : CONNECTIONS}`, `--streams=${load.alone ? 1 : STREAMS}`],
    ...[`--public-key=${load.publicKey}`, `--payload=${DATA_BYTES}`],
    ...[`--duration=${load.seconds}`, `--warmup=${load.warmupSeconds}`, `--pid=${pids.join(",")}`],
  ]);
  const { code, out, err } = await run(program, args);
  if (code !== 0) {
    throw new Error(`${server.side.name}, ${task.name}: the load ended with ${code}\n${out}${err}`);
  }
  return JSON.parse(out) as Measured;
}

function called(task: Task, { batch, keys }: SignLoad): string[] {
  if (keys) {
    const several = [`--key=${KEY_NAME}`, `--keys=${keys.count}`, `--algorithm=${task.ownAlgorithm}`];
    return keys.zipf ? [...several, "--zipf"] : several;
  }
  if (!batch) return [`--algorithm=${task.algorithm}`];
  return [`--key=${task.key}`, `--algorithm=${task.ownAlgorithm}`, `--batch=${BATCH_ITEMS}`];
}

/** gRPC's prefix and a crypto.SignRequest. */
function body({ keyType, algorithm }: Task): Uint8Array {
  const message = [
    0x0a,
    DATA_BYTES,
    ...new Array<number>(DATA_BYTES).fill(0x62),
    0x10,
    keyType,
    0x18,
    algorithm,
  ];
  return Uint8Array.of(0, 0, 0, 0, message.length, ...message);
}

/** Calls a second, by h2load. @param dir where the body's file may lie */
export function measureByH2load(
  server: RunningServer,
  task: Task,
  seconds: number,
  dir: string,
): Promise<number> {
  const load = {
    connections: CONNECTIONS,
    streams: STREAMS,
    path: "/crypto.CryptoService/Sign",
    body: body(task),
  };
  return h2loadRateOf(server, load, seconds, dir);
}
