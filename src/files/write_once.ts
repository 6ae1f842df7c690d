// Files that are made once and then kept for life: keys, ids. A crash must leave
// either no file or the whole one, and an existing file is never touched.
import { diskSteps } from "./durable_file.ts";

export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Creates `path` with `bytes`, mode 0600, on disk before it has its name; leaves an existing one alone. */
export async function writeOnce(path: string, bytes: Uint8Array): Promise<void> {
  if (await exists(path)) return;
  const draft = `${path}.${crypto.randomUUID()}`;
  try {
    await diskSteps.write(draft, bytes, 0o600);
    // A link, unlike a rename, never replaces what another command made meanwhile.
    await Deno.link(draft, path);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  } finally {
    await Deno.remove(draft).catch(() => {});
  }
}
