// The machine that a comparison runs on: which core is the server's, which the generator's.

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly kernel: string;
  /** Load average of the last minute when the run began: more than a little makes its figures noise. */
  readonly load: number;
}

export async function machine(): Promise<Machine> {
  const info = await Deno.readTextFile("/proc/cpuinfo");
  return {
    processor: /^model name\s*:\s*(.*)$/m.exec(info)?.[1] ?? Deno.build.arch,
    cores: navigator.hardwareConcurrency,
    kernel: Deno.osRelease(),
    load: Deno.loadavg()[0] ?? 0,
  };
}

const SERVER_CORE = "0";
const GENERATOR_CORE = "1";

/** A machine with one core has nothing to pin: the two share it, and the report says so. */
export const canPin = (): boolean => navigator.hardwareConcurrency > 1;

/** argv that keeps a program on its core; taskset becomes the program, so its process id is the program's. */
export function pinned(role: "server" | "generator", argv: readonly string[]): [string, ...string[]] {
  const [program, ...args] = argv;
  if (program === undefined) throw new Error("an empty command");
  if (!canPin()) return [program, ...args];
  return ["taskset", "-c", role === "server" ? SERVER_CORE : GENERATOR_CORE, program, ...args];
}
