// What the image and `serve` need built first: the signer. Cargo decides what is
// stale; nothing is left outside the checkout but Cargo's package cache.
import { join } from "node:path";
import { GatehouseError, throwIfCancelled } from "./errors.ts";
import type { OnProgress } from "./progress.ts";

/** How many lines of a failed build are shown: enough for the compiler's last error. */
const SHOWN_LINES = 30;

export interface BuildOptions {
  onProgress: OnProgress;
  signal?: AbortSignal;
}

/** The signer's path, built if it isn't. @throws GatehouseError without Cargo, or with the compiler's words */
export async function buildSigner(repoRoot: string, { onProgress, signal }: BuildOptions): Promise<string> {
  throwIfCancelled(signal);
  const step = "build the signer";
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
      `the signer doesn't build:\n${tail.join("\n")}`,
      "mend what the compiler says; `gatehouse doctor` checks the toolchain",
    );
  }
  return join(dataplane, "target/release/gatehouse-signer");
}

async function cargo(
  cwd: string,
  signal: AbortSignal | undefined,
  onLine: (line: string) => void,
): Promise<number> {
  const args = ["build", "--release", "--locked", "--bin", "gatehouse-signer"];
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
      "Cargo, which builds the signer, is not on PATH",
      "install Rust 1.91 or later (`gatehouse doctor` says how), then run this again",
      { cause: error },
    );
  }
}
