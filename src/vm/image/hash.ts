// SHA-256 over files and trees: what goes into an image, as one name. It reads
// files piece by piece, since one of them is a 100 MB program.

import { createHash, type Hash } from "node:crypto";
import { join } from "node:path";

/** Hexadecimal SHA-256 of one file. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  using file = await Deno.open(path);
  const piece = new Uint8Array(1 << 20);
  for (;;) {
    const size = await file.read(piece);
    if (size === null) return hash.digest("hex");
    hash.update(piece.subarray(0, size));
  }
}

/** Files below `dir` as relative paths in byte order; symbolic links are not followed. */
export async function filesBelow(dir: string, under = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(join(dir, under))) {
    const path = under === "" ? entry.name : `${under}/${entry.name}`;
    if (entry.isDirectory) found.push(...await filesBelow(dir, path));
    else if (entry.isFile) found.push(path);
  }
  return found.sort();
}

/** One key of named parts. A part's name and value can't run into the next one's. */
export class KeyHash {
  readonly #hash: Hash = createHash("sha256");

  add(name: string, value: string): this {
    this.#hash.update(`${name.length}:${name}${value.length}:${value}`);
    return this;
  }

  /** The first 128 bits, in hexadecimal: enough for a name in a cache. */
  digest(): string {
    return this.#hash.digest("hex").slice(0, 32);
  }
}
