// Which appliance this is: an id made once and kept, so that a proof made for one is worth nothing to another.
// Must never change while the state directory lives.
import { join } from "node:path";
import { replaceFile } from "../files/durable_file.ts";

const FILE = "instance-id";

/** Makes the directory, readable by its owner only. @throws Error when it can't be made */
export async function prepareStateDir(dir: string): Promise<void> {
  await Deno.mkdir(dir, { recursive: true, mode: 0o700 });
}

/** The id that is kept in `stateDir`, a random UUID (RFC 9562) made at its first use. */
export async function instanceId(stateDir: string): Promise<string> {
  const path = join(stateDir, FILE);
  const kept = await readId(path);
  if (kept !== undefined) return kept;
  const made = crypto.randomUUID();
  await replaceFile(path, `${made}\n`);
  return made;
}

/** Undefined when there is none, or what a crash left of one. */
async function readId(path: string): Promise<string | undefined> {
  try {
    const text = (await Deno.readTextFile(path)).trim();
    return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text) ? text : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
