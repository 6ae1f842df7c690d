// What a figure was measured on. Must name nothing that tells whose machine it is.
import { cpus } from "node:os";
import type { Machine } from "./document.ts";

export function describeMachine(): Machine {
  return {
    cores: navigator.hardwareConcurrency,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    os: `${Deno.build.os} ${Deno.osRelease()} ${Deno.build.arch}`,
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    load_average: Number(Deno.loadavg()[0].toFixed(2)),
  };
}
