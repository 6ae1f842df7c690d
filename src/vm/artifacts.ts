// What the image and `serve` need built first: the signer and the edge. Cargo decides
// what is stale; nothing is left outside the checkout but Cargo's package cache.
import { join } from "node:path";
import { GatehouseError, throwIfCancelled } from "./errors.ts";
import type { OnProgress } from "./progress.ts";

/** How many lines of a failed build are shown: enough for the compiler's last error. */
const SHOWN_LINES = 30;

export interface BuildOptions {
  onProgress: OnProgress;
  signal?: AbortSignal;
}

/** Paths of the native programs. */
export interface Dataplane {
  readonly signer: string;
  readonly edge: string;
}

/** The native programs, built if they aren't. @throws GatehouseError without Cargo, or with the compiler's words */
export async function buildDataplane(
  repoRoot: string,
  { onProgress, signal }: BuildOptions,
): Promise<Dataplane> {
  throwIfCancelled(signal);
  const step = "build the signer and the edge";
  const dataplane = join(repoRoot, "dataplane");
  onProgress({ step, detail: "cargo build --release" });
  const tail: string[] = [];
  const code = await cargo(dataplane, signal, (line) => {
    if (line.trim() === "") return;
    tail.push(line);
    if (tail.length > SHOWN_LINES) tail.shift();
    onProgress({ step, detail: line.trim() });
  });
  throwIfCancelled(signal);
  if (code !== 0) {
    throw new GatehouseError(
      "build-failed",
      `the signer or the edge doesn't build:\n${tail.join("\n")}`,
      "mend what the compiler says; `gatehouse doctor` checks the toolchain",
    );
  }
  const built = join(dataplane, "target/release");
  return { signer: join(built, "gatehouse-signer"), edge: join(built, "gatehouse-edge") };
}

async function cargo(
  cwd: string,
  signal: AbortSignal | undefined,
  onLine: (line: string) => void,
): Promise<number> {
  const args = ["build", "--release", "--locked", "--bin", "gatehouse-signer", "--bin", "gatehouse-edge"];
  const child = spawn(args, cwd, signal);
  const lines = child.stderr.pipeThrough(new TextDecoderStream());
  let rest = "";
  for await (const text of lines) {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    parts.forEach(onLine);
  }
  if (rest) onLine(rest);
  return (await child.status).code;
}

function spawn(args: string[], cwd: string, signal: AbortSignal | undefined): Deno.ChildProcess {
  try {
    return new Deno.Command("cargo", {
      args,
      cwd,
      env: { CARGO_TERM_COLOR: "never" },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
      signal,
    }).spawn();
  } catch (error) {
    throw new GatehouseError(
      "missing-tool",
      "Cargo, which builds the signer and the edge, is not on PATH",
      "install Rust 1.91 or later (`gatehouse doctor` says how), then run this again",
      { cause: error },
    );
  }
}
