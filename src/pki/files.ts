// Small files that are read whole and replaced whole. A crash leaves the old one or the new one, never half of one.

/** The text of a file of at most `maxBytes`; undefined when there is none. @throws Error that says why it can't be read */
export async function readIfThere(path: string, maxBytes: number): Promise<string | undefined> {
  try {
    const { size } = await Deno.stat(path);
    if (size > maxBytes) throw new Error(`${path} has ${size} bytes, at most ${maxBytes} are read`);
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Writes `path` anew with `mode`, on disk before it has its name. */
export async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  const draft = `${path}.${crypto.randomUUID()}`;
  try {
    using file = await Deno.open(draft, { write: true, createNew: true, mode });
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
    await file.sync();
    await Deno.rename(draft, path);
  } catch (error) {
    await Deno.remove(draft).catch(() => {});
    throw error;
  }
}
