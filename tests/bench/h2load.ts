// The same load by nghttp2's h2load, to show that our generator isn't what is measured.
import { run } from "../lib/command.ts";
import { pinned } from "./machine.ts";
import { columnOf } from "./options.ts";
import type { RunningServer } from "./server.ts";

const TEXT_BYTES = 18;
/** gRPC's prefix and an EchoRequest with a text. */
const BODY = new Uint8Array([
  0,
  0,
  0,
  0,
  TEXT_BYTES + 2,
  0x0a,
  TEXT_BYTES,
  ...new Array(TEXT_BYTES).fill(0x62),
]);

/** What h2load sends. */
export interface H2load {
  readonly connections: number;
  readonly streams: number;
  /** Echo, unless stated. */
  readonly path?: string;
  readonly body?: Uint8Array;
}

/** @param dir where the body's file may lie */
export async function h2loadArgv(
  server: RunningServer,
  { connections, streams, path = "/echo.EchoService/Echo", body: bytes = BODY }: H2load,
  seconds: number,
  dir: string,
  warmUpSeconds = 0,
): Promise<[string, ...string[]]> {
  const body = `${dir}/h2load-body`;
  await Deno.writeFile(body, bytes);
  return pinned("generator", [
    ...["h2load", `--clients=${connections}`, `--max-concurrent-streams=${streams}`, `--data=${body}`],
    ...[`--warm-up-time=${warmUpSeconds}`, `--duration=${Math.max(1, Math.round(seconds))}`],
    ...["--header=content-type: application/grpc", "--header=te: trailers"],
    `http://${server.address("tcp")}${path}`,
  ]);
}

/** Calls a second. */
export async function h2loadRateOf(
  server: RunningServer,
  load: H2load,
  seconds: number,
  dir: string,
): Promise<number> {
  const [program, ...args] = await h2loadArgv(server, load, seconds, dir, 1);
  const { code, out, err } = await run(program, args);
  const rate = /finished in [^,]*, ([\d.]+) req\/s/.exec(out)?.[1];
  if (code !== 0 || rate === undefined) throw new Error(`h2load ended with ${code}:\n${out}\n${err}`);
  return Number(rate);
}

/** Calls of Echo a second. */
export function h2loadRate(
  server: RunningServer,
  column: string,
  seconds: number,
  dir: string,
): Promise<number> {
  return h2loadRateOf(server, columnOf(column), seconds, dir);
}
