// Puts [network] and [time] in force: writes what systemd's daemons read into the
// directory that the image gives for it, then the file at which root's path unit has
// them read it (image/units/gatehouse-network.path). Must never do more than write there.
import { join } from "node:path";
import { replaceFile } from "../../files/durable_file.ts";
import { readIfThere } from "../../files/read_if_there.ts";
import type { Config } from "../config/mod.ts";
import type { Applier } from "../config_store/applier.ts";
import { NETWORK_FILES, type NetworkFiles, renderNetwork } from "./render.ts";

/** Made after the others; its removal says that it was seen. */
const CHANGED = "changed";

/** Some dozen lines each; a file that is longer isn't ours. */
const MAX_FILE_BYTES = 64 * 1024;

/** What networkd and the others, users of their own, need. */
const READABLE = 0o644;

/** @param dir the image's directory for it; absent where the machine's network is somebody else's */
export function networkApplier(dir: string | undefined): Applier {
  return dir === undefined ? new ForeignNetwork() : new OwnNetwork(dir);
}

class OwnNetwork implements Applier {
  readonly name = "network";

  constructor(private readonly dir: string) {}

  async apply(next: Config): Promise<void> {
    const before = await this.#read();
    try {
      await this.#write(before, renderNetwork(next));
    } catch (error) {
      await this.#write(await this.#read(), before);
      throw error;
    }
  }

  async #read(): Promise<NetworkFiles> {
    const texts = await Promise.all(
      NETWORK_FILES.map((name) => readIfThere(join(this.dir, name), MAX_FILE_BYTES)),
    );
    return Object.fromEntries(NETWORK_FILES.map((name, i) => [name, texts[i]])) as NetworkFiles;
  }

  async #write(before: NetworkFiles, after: NetworkFiles): Promise<void> {
    const changed = NETWORK_FILES.filter((name) => before[name] !== after[name]);
    if (changed.length === 0) return;
    for (const name of changed) {
      const text = after[name];
      if (text === undefined) await Deno.remove(join(this.dir, name));
      else await this.#put(name, text);
    }
    await this.#put(CHANGED, "");
  }

  async #put(name: string, text: string): Promise<void> {
    await replaceFile(join(this.dir, name), text, READABLE);
  }
}

/** `gatehouse serve`: the machine's network and clock aren't this program's. */
class ForeignNetwork implements Applier {
  readonly name = "network";

  check({ network, time }: Config): Promise<string[]> {
    const files = renderNetwork({ network, time });
    if (NETWORK_FILES.every((name) => files[name] === undefined)) return Promise.resolve([]);
    return Promise.resolve([
      "[network] and [time] are a VM's: here the machine's own network and clock stay as they are; leave both sections out",
    ]);
  }

  async apply(next: Config): Promise<void> {
    const [problem] = await this.check(next);
    if (problem !== undefined) throw new Error(problem);
  }
}
