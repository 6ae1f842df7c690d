// A server of Echo as a process of its own, called over a Unix socket at 8 connections with 32 streams, and what CPU
// time that took it. For benchmarks of what one part costs a call; the server's script says "ready" on standard output.
import { Channel } from "../../src/grpc/channel.ts";
import { unary } from "../../src/grpc/client.ts";
import { type EchoRequestInit, type EchoResponse, methodAt } from "../../src/proto/mod.ts";
import { dialer } from "../../src/transport/dial.ts";
import { pinned } from "./machine.ts";

const CONNECTIONS = 8;
const STREAMS = 32;

const Echo = methodAt<EchoRequestInit, EchoResponse>("/echo.EchoService/Echo");

export interface EchoChild {
  /** CPU time since its start, microseconds. */
  cpuUs(): number;
  load(calls: number): Promise<void>;
  stop(): Promise<void>;
}

/** @param args of the script, behind the socket's path */
export async function startEchoChild(script: URL, path: string, ...args: string[]): Promise<EchoChild> {
  await Deno.remove(path).catch(() => {});
  const [program, ...words] = pinned("server", [
    Deno.execPath(),
    ...["run", "--quiet", "--allow-all"],
    "--v8-flags=--max-semi-space-size=4,--initial-old-space-size=24",
    ...[script.pathname, path, ...args],
  ]);
  const child = new Deno.Command(program, { args: words, stdout: "piped" }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  const dial = dialer({ transport: "unix", path });
  const channels = Array.from(
    { length: CONNECTIONS },
    () => new Channel([{ address: `unix://${path}`, dial }]),
  );
  return {
    cpuUs: () => cpuNanoseconds(child.pid) / 1_000,
    async load(calls) {
      let left = calls;
      const caller = async (channel: Channel) => {
        while (left-- > 0) await unary(channel, Echo, { payload: "eighteen bytes ...", timestamp: 1 });
      };
      await Promise.all(
        channels.flatMap((channel) => Array.from({ length: STREAMS }, () => caller(channel))),
      );
    },
    async stop() {
      for (const channel of channels) channel.close();
      child.kill("SIGKILL");
      await reader.cancel();
      await child.status;
    },
  };
}

/** Of all threads, collector and compiler included: the kernel's own count (proc_pid_schedstat). */
function cpuNanoseconds(pid: number): number {
  let total = 0;
  for (const { name } of Deno.readDirSync(`/proc/${pid}/task`)) {
    total += Number(Deno.readTextFileSync(`/proc/${pid}/task/${name}/schedstat`).split(" ")[0]);
  }
  return total;
}
