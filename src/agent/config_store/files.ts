// The few steps of which a durable write is made, apart so that a test can stop between any two of them.
// Must never let anybody but the owner read what is written.

/** Each step is on the disk when its promise is settled. */
export interface Files {
  list(dir: string): Promise<string[]>;
  read(path: string): Promise<string>;
  write(path: string, text: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** What was renamed or removed in `dir` stays so after a loss of power. */
  syncDir(dir: string): Promise<void>;
}

/** The ending of a file that isn't whole yet. */
export const UNFINISHED = ".new";

const FILE_MODE = 0o600;
const DIR_MODE = 0o700;

export const diskFiles: Files = {
  async list(dir) {
    await Deno.mkdir(dir, { recursive: true, mode: DIR_MODE });
    const names: string[] = [];
    for await (const { name } of Deno.readDir(dir)) names.push(name);
    return names;
  },
  read: (path) => Deno.readTextFile(path),
  async write(path, text) {
    using file = await Deno.open(path, { write: true, create: true, truncate: true, mode: FILE_MODE });
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
    await file.sync();
  },
  rename: (from, to) => Deno.rename(from, to),
  remove: (path) => Deno.remove(path),
  async syncDir(dir) {
    using opened = await Deno.open(dir);
    await opened.sync();
  },
};

/** Afterwards `dir/name` is `text`; whatever stops it in the middle, it is that or what it was. */
export async function replaceFile(files: Files, dir: string, name: string, text: string): Promise<void> {
  const unfinished = `${dir}/${name}${UNFINISHED}`;
  await files.write(unfinished, text);
  await files.rename(unfinished, `${dir}/${name}`);
  await files.syncDir(dir);
}
