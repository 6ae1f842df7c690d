// What the store does on the disk, apart so that a test can stop between any two steps.
import { diskSteps, type FileSteps } from "../../files/durable_file.ts";

export interface Files extends FileSteps {
  /** The names in `dir`, which is made, readable by its owner only, when it isn't there. */
  list(dir: string): Promise<string[]>;
  read(path: string): Promise<string>;
}

export const diskFiles: Files = {
  ...diskSteps,
  async list(dir) {
    await Deno.mkdir(dir, { recursive: true, mode: 0o700 });
    const names: string[] = [];
    for await (const { name } of Deno.readDir(dir)) names.push(name);
    return names;
  },
  read: (path) => Deno.readTextFile(path),
};
