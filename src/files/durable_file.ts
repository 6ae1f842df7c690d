// Replaces a file so that a crash or a power cut leaves the old one or the new one, whole.
// Must never leave a file that others may read, unless it is told to.
import { basename, dirname } from "node:path";

/** What a replacement is made of, apart so that a test can stop between any two steps. */
export interface FileSteps {
  /** Makes a file of that mode, whatever the process's umask; its content is on the disk when it is settled. */
  write(path: string, content: Uint8Array, mode: number): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** What was renamed or removed in `dir` stays so after a power cut. */
  syncDir(dir: string): Promise<void>;
}

export const diskSteps: FileSteps = {
  async write(path, content, mode) {
    using file = await Deno.open(path, { write: true, createNew: true, mode });
    await Deno.chmod(path, mode);
    for (let written = 0; written < content.length;) written += await file.write(content.subarray(written));
    await file.sync();
  },
  rename: (from, to) => Deno.rename(from, to),
  remove: (path) => Deno.remove(path),
  async syncDir(dir) {
    using directory = await Deno.open(dir, { read: true });
    await directory.sync();
  },
};

const DRAFT = /\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether a file of that path is what a power cut left of a replacement. */
export const isDraft = (path: string): boolean => DRAFT.test(basename(path));

/** @throws Deno.errors of the file system; the old file stays then, unless only its directory could not be synced */
export async function replaceFile(
  path: string,
  bytes: Uint8Array | string,
  mode = 0o600,
  steps: FileSteps = diskSteps,
): Promise<void> {
  const content = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
  const draft = `${path}.${crypto.randomUUID()}`;
  try {
    await steps.write(draft, content, mode);
    await steps.rename(draft, path);
  } catch (error) {
    await steps.remove(draft).catch(() => {});
    throw error;
  }
  // The new name is on disk when its directory is.
  await steps.syncDir(dirname(path));
}
