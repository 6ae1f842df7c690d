// The configuration in force, and how it changes: one change at a time, checked whole, kept, and undone by itself
// when nobody confirms it. Must never answer that a version is in force before it is kept on the disk.
import { EventKind } from "../../proto/mod.ts";
import { type Config, loadConfig } from "../config/mod.ts";
import type { EmitEvent } from "../event_sink.ts";
import { errorText, type Logger } from "../log/mod.ts";
import type { TlsFiles } from "./applier.ts";
import { checkChange, type ClockState, mergeTls } from "./change_check.ts";
import type { Content, LiveParts } from "./live_parts.ts";
import { ConfigRefusal } from "./refusal.ts";
import type { ConfigStore } from "./store.ts";
import { REVERT, type StoredVersion, type StoreState } from "./version.ts";

/** Changes that may wait for the one under way: an administrator has one or two programs. */
const MAX_WAITING = 8;
/** Between two attempts to write down what was reverted, on a disk that takes nothing. */
const REVERT_RETRY_MS = 5_000;
/** Of a comment, UTF-16 units. */
export const MAX_COMMENT_UNITS = 256;
export const MAX_CONFIRM_S = 3_600;

/** What an Apply asks for. */
export interface Change {
  /** The version that it is based on. */
  readonly expectedVersion: number;
  /** Undefined: stays. */
  readonly toml?: string;
  /** A part that is undefined stays, one that is empty goes. */
  readonly tls?: TlsFiles;
  /** 0: for good. */
  readonly confirmWithinS: number;
  readonly comment: string;
  readonly dryRun: boolean;
  /** Who asks for it, and by which address: an identity's name, and getPeer()'s text. */
  readonly by: string;
  readonly peer: string;
  /** Whether who asks may still, when its turn comes: the change before may take seconds. */
  readonly stands?: () => boolean;
}

/** A version as callers see it. */
export interface Shown {
  readonly version: StoredVersion;
  readonly inForce: boolean;
  /** Milliseconds since 1970; 0: it stays. */
  readonly confirmByMs: number;
  readonly warnings: readonly string[];
}

export interface ControlOptions {
  readonly store: ConfigStore;
  readonly live: LiveParts;
  readonly log: Logger;
  readonly emit: EmitEvent;
  readonly clock: ClockState;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Whether an edge can be told to listen. */
  readonly hasEdge: boolean;
}

export class ConfigControl {
  readonly #options: ControlOptions;
  #content: Content;
  #state: StoreState;
  #queue: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #revertTimer: ReturnType<typeof setTimeout> | undefined;
  /** What waited was undone, and the disk doesn't say so yet: it can't be confirmed any more. */
  #undone = false;
  #closed = false;

  /** @param content that of the store's current version, in force already */
  constructor(content: Content, state: StoreState, options: ControlOptions) {
    this.#content = content;
    this.#state = state;
    this.#options = options;
  }

  get config(): Config {
    return this.#content.config;
  }

  /** The version in force. */
  get version(): number {
    return this.#state.current;
  }

  /** When the version in force gives way unless it is confirmed; 0: never. */
  get confirmByMs(): number {
    return this.#state.pending?.confirmByMs ?? 0;
  }

  /** @param version 0 for the one in force @throws {ConfigRefusal} */
  get(version: number): Shown {
    return this.#shown(this.#find(version === 0 ? this.version : version));
  }

  history(): Shown[] {
    return this.#options.store.versions.map((version) => this.#shown(version));
  }

  /** @throws {ConfigRefusal}, or what the disk said: then nothing has changed */
  apply(change: Change): Promise<Shown> {
    return this.#inTurn(() => this.#apply(change));
  }

  /** Brings an older version's content back, as a new version. @throws {ConfigRefusal} */
  rollback(version: number, change: Omit<Change, "toml" | "tls" | "dryRun" | "comment">): Promise<Shown> {
    return this.#inTurn(() => {
      const { toml, tls } = this.#find(version);
      const none = { certificatePem: "", privateKeyPem: "", clientCaPem: "", crlPem: "" };
      const comment = `as version ${version}`;
      return this.#apply({ ...change, toml, tls: { ...none, ...tls }, comment, dryRun: false });
    });
  }

  /** Keeps the version that waits. @throws {ConfigRefusal} */
  confirm(version: number, by: string, stands?: () => boolean): Promise<Shown> {
    return this.#inTurn(async () => {
      refuseRemoved(stands);
      if (this.#state.pending === null) {
        throw new ConfigRefusal(
          "precondition",
          "NOTHING_WAITS",
          `no version waits for a confirmation; version ${this.version} is in force`,
        );
      }
      if (this.#undone) {
        throw new ConfigRefusal(
          "precondition",
          "TOO_LATE",
          `version ${this.version} was not confirmed in time and is undone; that could not be written down yet, the ` +
            "agent's log says why",
        );
      }
      if (version !== this.version) {
        throw new ConfigRefusal("stale", "ANOTHER_WAITS", `version ${this.version} waits, not ${version}`);
      }
      await this.#commit({ ...this.#state, pending: null });
      clearTimeout(this.#revertTimer);
      this.#options.emit(EventKind.CONFIG_CONFIRMED, "the configuration stays", {
        version: String(version),
        by,
      });
      return this.get(version);
    });
  }

  /** No more changes; what waits for its confirmation is undone at the next start. */
  close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#revertTimer);
    return this.#queue.then(() => {});
  }

  async #apply(change: Change): Promise<Shown> {
    const { store, live, log, emit, now } = this.#options;
    refuseRemoved(change.stands);
    this.#refuseUntimely(change);
    const current = this.#find(this.version);
    const draft = {
      toml: change.toml ?? current.toml,
      tls: mergeTls(current.tls, change.tls),
      appliedAtMs: now(),
      appliedBy: change.by,
      comment: change.comment,
    };
    const { next, warnings } = checkChange(draft, this.#content, { ...this.#options, peer: change.peer });
    const problems = await live.check(next);
    if (problems.length > 0) throw new ConfigRefusal("precondition", "NOT_HERE", problems.join("\n"));
    if (change.dryRun) {
      return { version: { version: 0, ...draft }, inForce: false, confirmByMs: 0, warnings };
    }

    const version = await store.add(draft);
    const pending = change.confirmWithinS === 0
      ? null
      : { previous: this.version, confirmByMs: now() + change.confirmWithinS * 1_000 };
    try {
      await live.change(
        this.#content,
        next,
        () => {
          refuseRemoved(change.stands);
          return this.#commit({ ...this.#state, current: version.version, pending });
        },
      );
    } catch (error) {
      log.warn("a configuration was undone, since it could not be put in force", { error: errorText(error) });
      await store.discard(version).catch(() => {}); // the next start does it
      if (error instanceof ConfigRefusal) throw error;
      throw new ConfigRefusal("precondition", "NOT_APPLIED", messageOf(error), [], error);
    }
    this.#content = next;
    if (pending !== null) this.#revertAfter(change.confirmWithinS * 1_000);
    emit(EventKind.CONFIG_APPLIED, "another configuration is in force", {
      version: String(version.version),
      by: change.by,
      ...(pending !== null && { confirm_by: new Date(pending.confirmByMs).toISOString() }),
    });
    return { ...this.#shown(version), warnings };
  }

  #refuseUntimely({ expectedVersion, dryRun }: Change): void {
    if (this.#closed) throw new ConfigRefusal("precondition", "STOPPING", "the agent stops");
    if (expectedVersion !== this.version) {
      throw new ConfigRefusal(
        "stale",
        "STALE_VERSION",
        `version ${this.version} is in force, not ${expectedVersion}; get it, and make the change on it`,
      );
    }
    if (this.#state.pending !== null && !dryRun) {
      throw new ConfigRefusal(
        "precondition",
        "WAITS_FOR_CONFIRMATION",
        `version ${this.version} waits for its confirmation; confirm it, or wait until it is undone`,
      );
    }
  }

  #revertAfter(delayMs: number): void {
    this.#revertTimer = setTimeout(() => {
      this.#revertTimer = undefined;
      this.#inTurn(() => this.#revert()).catch((error: unknown) => {
        this.#options.log.error("the reverted configuration could not be kept, trying again", {
          error: errorText(error),
          retry_ms: REVERT_RETRY_MS,
        });
        if (!this.#closed) this.#revertAfter(REVERT_RETRY_MS);
      });
    }, delayMs);
  }

  /** In force first: the operator may have no other way in. */
  async #revert(): Promise<void> {
    const { store, live, emit, now } = this.#options;
    const { pending, current } = this.#state;
    if (pending === null || this.#closed) return;
    const { toml, tls } = this.#find(pending.previous);
    const content = { config: loadConfig(toml, `version ${pending.previous}`), tls };
    await live.force(content);
    this.#content = content;
    this.#undone = true;
    const comment = `version ${current} was not confirmed; as version ${pending.previous}`;
    const version = await store.add({ toml, tls, appliedAtMs: now(), appliedBy: REVERT, comment });
    await this.#commit({ ...this.#state, current: version.version, pending: null });
    this.#undone = false;
    emit(EventKind.CONFIG_REVERTED, "the configuration was not confirmed and is undone", {
      version: String(version.version),
      undone: String(current),
    });
  }

  async #commit(state: StoreState): Promise<void> {
    await this.#options.store.commit(state);
    this.#state = state;
  }

  #find(version: number): StoredVersion {
    const found = this.#options.store.find(version);
    if (found !== undefined) return found;
    const kept = this.#options.store.versions.map((one) => one.version).join(", ");
    throw new ConfigRefusal(
      "missing",
      "NO_SUCH_VERSION",
      `version ${version} isn't kept; these are: ${kept}`,
    );
  }

  #shown(version: StoredVersion): Shown {
    const inForce = version.version === this.version;
    return { version, inForce, confirmByMs: inForce ? this.confirmByMs : 0, warnings: [] };
  }

  /** One after the other: a change is made on the outcome of the one before. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting >= MAX_WAITING) {
      return Promise.reject(
        new ConfigRefusal("busy", "BUSY", "other changes are under way; try again in a moment"),
      );
    }
    this.#waiting++;
    const turn = this.#queue.then(work).finally(() => this.#waiting--);
    this.#queue = turn.catch(() => {});
    return turn;
  }
}

function refuseRemoved(stands: (() => boolean) | undefined): void {
  if (stands?.() ?? true) return;
  throw new ConfigRefusal("denied", "PROOF_INVALID", "who asked for it was removed meanwhile");
}

const messageOf = (error: unknown): string => error instanceof Error ? error.message : String(error);
