// The keys that may administrate, in memory as on disk: on disk first, so that what was answered outlives a crash.
// Must never enrol anyone from the bootstrap credential once somebody was, nor serve administration from a damaged file.
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { diskSteps, type FileSteps, replaceFile } from "../files/durable_file.ts";
import { CREDENTIALS } from "../agent/credential_names.ts";
import type { EmitEvent } from "../agent/event_sink.ts";
import { errorText, type Logger } from "../agent/log/mod.ts";
import { readIfThere } from "../files/read_if_there.ts";
import { EventKind, Role } from "../proto/mod.ts";
import {
  ADMIN_NAME,
  type EnrolledAdmin,
  formatAdmins,
  MAX_ADMINS,
  MAX_ADMINS_BYTES,
  parseAdmins,
} from "./admin_file.ts";
import { roleName, type RoleNumber } from "./identity.ts";
import type { EnrolledKeys } from "./proof_check.ts";
import { MAX_KEY_FILE_BYTES, PublicKeyError, readPublicKey, readPublicKeyText } from "./public_key.ts";

const FILE = "admins.json";
const FILE_MODE = 0o600;
/** The first administrator's name; he may add himself again under another one. */
export const FIRST_ADMIN = "owner";

export interface AdminStoreOptions {
  readonly stateDir: string;
  readonly credentialsDir?: string;
  readonly log: Logger;
  readonly emit: EmitEvent;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Default: the disk. */
  readonly files?: FileSteps;
}

/** Why a change was refused. */
export class AdminStoreError extends Error {
  override readonly name = "AdminStoreError";

  constructor(
    readonly kind: "bad-name" | "bad-role" | "bad-key" | "exists" | "full" | "missing" | "last" | "removed",
    message: string,
  ) {
    super(message);
  }
}

export interface NewAdmin {
  readonly name: string;
  readonly role: number;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  readonly addedBy: string;
}

export class AdminStore implements EnrolledKeys {
  damaged = false;
  readonly #path: string;
  #admins: readonly EnrolledAdmin[] = [];
  #byKey = new Map<string, EnrolledAdmin>();
  /** One change at a time: each is made of the list that the one before has left. */
  #changing: Promise<unknown> = Promise.resolve();

  private constructor(private readonly options: AdminStoreOptions) {
    this.#path = join(options.stateDir, FILE);
  }

  /** Reads the list, or begins it with the bootstrap credential. Never throws: without a list nobody administrates. */
  static async open(options: AdminStoreOptions): Promise<AdminStore> {
    const store = new AdminStore(options);
    await store.#load();
    return store;
  }

  list(): readonly EnrolledAdmin[] {
    return this.#admins;
  }

  find(keyId: Uint8Array): EnrolledAdmin | undefined {
    return this.#byKey.get(Buffer.from(keyId).toString("hex"));
  }

  /**
   * @param stands whether who asks for it is an administrator still, when its turn comes
   * @throws AdminStoreError; or an error of the file system, and the list is as it was
   */
  add(one: NewAdmin, stands?: () => boolean): Promise<EnrolledAdmin> {
    return this.#change(stands, async () => {
      const admin = await this.#checked(one);
      await this.#replace([...this.#admins, admin]);
      this.#tell(EventKind.ADMIN_ADDED, "was enrolled", admin, one.addedBy);
      return admin;
    });
  }

  /** @throws as add() */
  remove(name: string, removedBy: string, stands?: () => boolean): Promise<void> {
    return this.#change(stands, async () => {
      const admin = this.#admins.find((one) => one.name === name);
      if (admin === undefined) throw new AdminStoreError("missing", "nobody of that name is enrolled");
      const left = this.#admins.filter((one) => one !== admin);
      if (!left.some(({ role }) => role === Role.ADMIN)) {
        throw new AdminStoreError("last", "the last administrator stays; add another one first");
      }
      await this.#replace(left);
      this.#tell(EventKind.ADMIN_REMOVED, "was removed", admin, removedBy);
    });
  }

  /** Changes that wait must not be a way for one who is removed meanwhile to come back. */
  #change<T>(stands: () => boolean = () => true, change: () => Promise<T>): Promise<T> {
    const changed = this.#changing.then(() => {
      if (!stands()) throw new AdminStoreError("removed", "who asked for it was removed meanwhile");
      return change();
    });
    this.#changing = changed.catch(() => {});
    return changed;
  }

  async #checked({ name, role, spki, addedBy }: NewAdmin): Promise<EnrolledAdmin> {
    if (!ADMIN_NAME.test(name)) {
      throw new AdminStoreError("bad-name", 'a name has 1 to 64 of a-z, 0-9, ".", "_" and "-"');
    }
    if (role !== Role.ADMIN && role !== Role.OPERATOR) {
      throw new AdminStoreError("bad-role", `a role is ADMIN (${Role.ADMIN}) or OPERATOR (${Role.OPERATOR})`);
    }
    const key = await readPublicKey(spki).catch((error: unknown) => {
      throw error instanceof PublicKeyError ? new AdminStoreError("bad-key", error.message) : error;
    });
    if (this.#admins.some((one) => one.name === name)) {
      throw new AdminStoreError("exists", "that name is enrolled; choose another one, or remove it first");
    }
    const same = this.find(key.keyId);
    if (same !== undefined) throw new AdminStoreError("exists", `that key is enrolled as ${same.name}`);
    if (this.#admins.length >= MAX_ADMINS) {
      throw new AdminStoreError("full", `${MAX_ADMINS} keys are enrolled; remove one that isn't used`);
    }
    return { name, role: role as RoleNumber, key, addedAtMs: this.options.now(), addedBy };
  }

  async #replace(admins: readonly EnrolledAdmin[]): Promise<void> {
    try {
      await this.#write(admins);
    } catch (error) {
      // It may stand there already, and only its safety be in doubt: nobody is enrolled of whom it was said that he isn't.
      if (this.#admins.length > 0) await this.#write(this.#admins).catch(() => {});
      throw error;
    }
    this.#take(admins);
  }

  #write(admins: readonly EnrolledAdmin[]): Promise<void> {
    return replaceFile(this.#path, formatAdmins(admins), FILE_MODE, this.options.files ?? diskSteps);
  }

  #take(admins: readonly EnrolledAdmin[]): void {
    this.#admins = admins;
    this.#byKey = new Map(admins.map((one) => [Buffer.from(one.key.keyId).toString("hex"), one]));
  }

  async #load(): Promise<void> {
    const { log } = this.options;
    try {
      const text = await readIfThere(this.#path, MAX_ADMINS_BYTES);
      if (text !== undefined) return this.#take(await parseAdmins(text));
    } catch (error) {
      this.damaged = true;
      log.error("the list of administrators can't be read: nobody may administrate until it is restored", {
        file: this.#path,
        error: errorText(error),
        next:
          "restore the file from a backup; removing it enrols the bootstrap credential again at the next start",
      });
      return;
    }
    await this.#bootstrap();
  }

  async #bootstrap(): Promise<void> {
    const { credentialsDir, log, now } = this.options;
    const path = credentialsDir && join(credentialsDir, CREDENTIALS.admin);
    try {
      const text = path && await readIfThere(path, MAX_KEY_FILE_BYTES);
      if (!text) {
        log.warn("no administrator is enrolled: nobody may administrate", {
          next:
            `start with the credential ${CREDENTIALS.admin}, a public key; \`gatehouse admins keygen\` makes a pair`,
        });
        return;
      }
      const key = await readPublicKeyText(text);
      const first = { name: FIRST_ADMIN, role: Role.ADMIN, key, addedAtMs: now(), addedBy: "bootstrap" };
      await this.#replace([first]);
      this.#tell(EventKind.ADMIN_ADDED, "was enrolled", first, first.addedBy);
    } catch (error) {
      log.error("the first administrator can't be enrolled: nobody may administrate", {
        credential: path,
        error: errorText(error),
      });
    }
  }

  #tell(
    kind: typeof EventKind[keyof typeof EventKind],
    what: string,
    { name, role, key }: EnrolledAdmin,
    by: string,
  ) {
    const fields = { name, role: roleName(role), key_id: Buffer.from(key.keyId).toString("hex"), by };
    this.options.emit(kind, `${fields.role} ${name} ${what} by ${by}`, fields);
  }
}
