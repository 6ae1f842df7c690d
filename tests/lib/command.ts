// Runs programs as a user would and gives what they printed.
import { REPO_ROOT } from "../../src/cli/root.ts";

export interface Ran {
  code: number;
  out: string;
  err: string;
}

export interface RunOptions {
  stdin?: Uint8Array;
  env?: Record<string, string>;
  cwd?: string;
}

/** Runs to its end; a code other than 0 is for the caller to judge. */
export async function run(program: string, args: string[], options: RunOptions = {}): Promise<Ran> {
  const { code, stdout, stderr } = await runBytes(program, args, options);
  return { code, out: new TextDecoder().decode(stdout), err: stderr };
}

/** The same with standard output as bytes. */
export async function runBytes(
  program: string,
  args: string[],
  { stdin, env, cwd }: RunOptions = {},
): Promise<{ code: number; stdout: Uint8Array; stderr: string }> {
  const child = new Deno.Command(program, {
    args,
    env,
    cwd: cwd ?? REPO_ROOT,
    stdin: stdin ? "piped" : "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (stdin) {
    const writer = child.stdin.getWriter();
    await writer.write(stdin);
    await writer.close();
  }
  const { code, stdout, stderr } = await child.output();
  return { code, stdout, stderr: new TextDecoder().decode(stderr) };
}

/** Runs and throws with everything that was printed unless it ended with 0. */
export async function runOk(program: string, args: string[], options: RunOptions = {}): Promise<string> {
  const { code, out, err } = await run(program, args, options);
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}\n${out}\n${err}`);
  return out;
}

/** `./gatehouse ARGS`, which must end with 0. */
export const gatehouse = (args: string[], options: RunOptions = {}): Promise<string> =>
  runOk(`${REPO_ROOT}/gatehouse`, args, options);

/** `./gatehouse ARGS`, whatever it ends with. */
export const tryGatehouse = (args: string[], options: RunOptions = {}): Promise<Ran> =>
  run(`${REPO_ROOT}/gatehouse`, args, options);

/** `./gatehouse ARGS --json`, parsed. */
export async function gatehouseJson<T>(args: string[], options: RunOptions = {}): Promise<T> {
  return JSON.parse(await gatehouse([...args, "--json"], options)) as T;
}
