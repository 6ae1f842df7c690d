// A new file from a stream: whole and on the disk before it has its name, readable by its owner only.
// Must never replace a file, nor leave half of one under that name.
import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { diskSteps } from "./durable_file.ts";

export interface Written {
  readonly bytes: number;
  /** SHA-256 of what was written, hexadecimal. */
  readonly sha256: string;
}

/** @throws Deno.errors.AlreadyExists when there is one; whatever `parts` throws */
export async function writeNew(path: string, parts: AsyncIterable<Uint8Array>): Promise<Written> {
  const draft = `${path}.${crypto.randomUUID()}`;
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    {
      using file = await Deno.open(draft, { write: true, createNew: true, mode: 0o600 });
      for await (const part of parts) {
        for (let written = 0; written < part.length;) written += await file.write(part.subarray(written));
        hash.update(part);
        bytes += part.length;
      }
      await file.sync();
    }
    // A link, unlike a rename, never replaces what was made meanwhile.
    await Deno.link(draft, path);
  } finally {
    await Deno.remove(draft).catch(() => {});
  }
  await diskSteps.syncDir(dirname(path));
  return { bytes, sha256: hash.digest("hex") };
}

/** A file in parts of at most 64 KiB. */
export async function* fileParts(path: string): AsyncGenerator<Uint8Array, void, void> {
  using file = await Deno.open(path);
  for (;;) {
    const part = new Uint8Array(PART_BYTES);
    const read = await file.read(part);
    if (read === null) return;
    yield part.subarray(0, read);
  }
}
const PART_BYTES = 64 * 1024;

/** Length and SHA-256 of a file as it is now. */
export async function digestFile(path: string): Promise<Written> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const part of fileParts(path)) {
    hash.update(part);
    bytes += part.length;
  }
  return { bytes, sha256: hash.digest("hex") };
}
