// The versions on the disk, and which one is in force. A version is written first and comes in force by the state's
// file, which is replaced whole: a crash at any point leaves the old state or the new one.
// Must never lose the version in force, nor the one that a pending one would give way to.
import { isDraft, replaceFile } from "../../files/durable_file.ts";
import type { Files } from "./files.ts";
import { readState, readVersion, type StoredVersion, type StoreState } from "./version.ts";

/** Versions that are kept: enough to find the last good one, few enough for a small disk (300 KiB each at most). */
export const MAX_VERSIONS = 16;

const STATE_FILE = "state.json";
/** Versions hold TLS private keys. */
const FILE_MODE = 0o600;

export class ConfigStore {
  readonly #dir: string;
  readonly #files: Files;
  readonly #versions: Map<number, StoredVersion>;
  #state: StoreState | undefined;

  private constructor(dir: string, files: Files, versions: Map<number, StoredVersion>, state?: StoreState) {
    this.#dir = dir;
    this.#files = files;
    this.#versions = versions;
    this.#state = state;
  }

  /**
   * Reads what is there, and removes what a crash left half done.
   * @param onDamage hears of files that can't be read: the disk's fault, or another hand's
   */
  static async open(dir: string, files: Files, onDamage: (file: string, error: unknown) => void) {
    const versions = new Map<number, StoredVersion>();
    let state: StoreState | undefined;
    for (const name of await files.list(dir)) {
      const path = `${dir}/${name}`;
      if (isDraft(name)) {
        await files.remove(path);
        continue;
      }
      try {
        if (name === STATE_FILE) state = readState(await files.read(path));
        else {
          const version = readVersion(await files.read(path));
          if (name === fileName(version.version)) versions.set(version.version, version);
        }
      } catch (error) {
        onDamage(path, error);
      }
    }
    const store = new ConfigStore(dir, files, versions, state);
    await store.#settle();
    return store;
  }

  /** Undefined until the first commit. */
  get state(): StoreState | undefined {
    return this.#state;
  }

  /** Newest first. */
  get versions(): StoredVersion[] {
    return [...this.#versions.values()].sort((a, b) => b.version - a.version);
  }

  find(version: number): StoredVersion | undefined {
    return this.#versions.get(version);
  }

  /** Writes a version with the next number; it is in force from commit() on. */
  async add(draft: Omit<StoredVersion, "version">): Promise<StoredVersion> {
    const version = { version: (this.versions[0]?.version ?? 0) + 1, ...draft };
    await this.#replace(fileName(version.version), JSON.stringify(version));
    this.#versions.set(version.version, version);
    return version;
  }

  /** Puts `state` in force. When it throws the state before is in force still, unless the process ends: then either. */
  async commit(state: StoreState): Promise<void> {
    try {
      await this.#write(state);
    } catch (error) {
      // It may stand there already, and only its safety be in doubt.
      if (this.#state !== undefined) await this.#write(this.#state).catch(() => {});
      throw error;
    }
    this.#state = state;
    await this.#prune(state);
  }

  /** Forgets a version that never came in force. */
  async discard({ version }: StoredVersion): Promise<void> {
    this.#versions.delete(version);
    await this.#files.remove(`${this.#dir}/${fileName(version)}`);
  }

  async #write(state: StoreState): Promise<void> {
    await this.#replace(STATE_FILE, JSON.stringify(state));
  }

  async #replace(name: string, text: string): Promise<void> {
    await replaceFile(`${this.#dir}/${name}`, text, FILE_MODE, this.#files);
  }

  /** A version behind the one in force was being applied when the process ended. Without a state the newest counts. */
  async #settle(): Promise<void> {
    const { current } = this.#state ?? {};
    if (current === undefined || !this.#versions.has(current)) return;
    for (const version of this.versions) {
      if (version.version > current) await this.discard(version);
    }
  }

  async #prune({ current, pending }: StoreState): Promise<void> {
    const needed = [current, pending?.previous];
    const extra = this.versions.slice(MAX_VERSIONS).filter(({ version }) => !needed.includes(version));
    for (const version of extra) {
      // What stays on the disk is removed the next time.
      await this.discard(version).catch(() => this.#versions.set(version.version, version));
    }
  }
}

const fileName = (version: number): string => `${version}.json`;
