// Finding other programs and asking for their version. Never runs a shell.

import { join } from "node:path";

/** A version question is answered at once; a program that hangs on it is as good as missing. */
const ANSWER_TIMEOUT_MS = 10_000;

/** Where a checkout keeps the tools that it built for itself. */
export function toolsDir(repoRoot: string): string {
  return join(repoRoot, ".cache/tools");
}

/** The program's path: first in `dirs`, then on PATH, then where Debian hides root's tools from other users. */
export async function findProgram(name: string, dirs: readonly string[] = []): Promise<string | undefined> {
  const path = (Deno.env.get("PATH") ?? "").split(":").filter((dir) => dir.startsWith("/"));
  for (const dir of [...dirs, ...path, "/usr/sbin", "/sbin"]) {
    const candidate = join(dir, name);
    const info = await Deno.stat(candidate).catch(() => undefined);
    if (info?.isFile && ((info.mode ?? 0) & 0o111) !== 0) return candidate;
  }
  return undefined;
}

export interface Answer {
  readonly success: boolean;
  /** Standard output, then standard error. */
  readonly text: string;
}

/** Runs a program and returns what it said; undefined when it can't be started or hangs. */
export async function askProgram(argv: readonly string[], cwd?: string): Promise<Answer | undefined> {
  try {
    const output = await new Deno.Command(argv[0], {
      args: argv.slice(1),
      cwd,
      env: { LC_ALL: "C" },
      stdin: "null",
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    }).output();
    if (output.signal !== null) return undefined;
    const decoder = new TextDecoder();
    return { success: output.success, text: decoder.decode(output.stdout) + decoder.decode(output.stderr) };
  } catch {
    return undefined;
  }
}

/** The first dotted number in `text`, such as 7.2.22; undefined when there is none. */
export function versionIn(text: string): string | undefined {
  return /\d+(?:\.\d+)+/.exec(text)?.[0];
}

/** Whether dotted version `found` is `wanted` or later. */
export function atLeast(found: string, wanted: string): boolean {
  const a = found.split(".").map(Number);
  const b = wanted.split(".").map(Number);
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
