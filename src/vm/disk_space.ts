// How much room there is. Asks the kernel; never guesses from a file's size.

import { statfs } from "node:fs/promises";

/** Bytes that this user may still write on the file system of `path`. */
export async function freeDiskBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}
