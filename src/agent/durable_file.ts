// Replaces a file so that a crash or a power cut leaves the old one or the new one, whole.
// Must never leave a file that others may read, unless it is told to.
import { dirname } from "node:path";

/** @throws Deno.errors of the file system; the old file stays then */
export async function replaceFile(path: string, bytes: Uint8Array | string, mode = 0o600): Promise<void> {
  const content = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
  const draft = `${path}.${crypto.randomUUID()}`;
  try {
    {
      using file = await Deno.open(draft, { write: true, createNew: true, mode });
      for (let written = 0; written < content.length;) written += await file.write(content.subarray(written));
      await file.sync();
    }
    await Deno.rename(draft, path);
  } catch (error) {
    await Deno.remove(draft).catch(() => {});
    throw error;
  }
  // The new name is on disk when its directory is.
  using directory = await Deno.open(dirname(path), { read: true });
  await directory.sync();
}
