// Small files that are read whole, and nothing that is too large to be one.
// Must never take a file that can't be read for one that isn't there.

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
