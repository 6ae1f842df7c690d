// Parts of the configuration store for tests: files that fail at a step, parts that note what they are told.
import { type Config, loadConfig } from "../config/mod.ts";
import type { EmitEvent } from "../event_sink.ts";
import { createLog } from "../log/mod.ts";
import type { Applier } from "./applier.ts";
import { type Change, ConfigControl } from "./control.ts";
import type { Files } from "./files.ts";
import { type Content, LiveParts } from "./live_parts.ts";
import { ConfigStore } from "./store.ts";
import type { StoreState } from "./version.ts";

export const silentLog = createLog({ output: { write: (bytes) => Promise.resolve(bytes.length) } });

/** Steps that write. After the `crashAt`th (from 1) nothing more is done, as after a loss of power. */
export function crashing(files: Files, crashAt: number): Files & { steps: number } {
  const counted = {
    steps: 0,
    list: files.list,
    read: files.read,
    write: step(files.write),
    rename: step(files.rename),
    remove: step(files.remove),
    syncDir: step(files.syncDir),
  };
  function step<Args extends unknown[]>(run: (...args: Args) => Promise<void>) {
    return (...args: Args): Promise<void> => {
      counted.steps++;
      return counted.steps > crashAt ? Promise.reject(new Error("no power")) : run(...args);
    };
  }
  return counted;
}

/** The step with that number fails, and no other. */
export function failingOnce(files: Files, failAt: number): Files & { steps: number } {
  const counted = crashing(files, Infinity);
  const { write, rename, remove, syncDir } = counted;
  const once = <Args extends unknown[]>(run: (...args: Args) => Promise<void>) => (...args: Args) => {
    const done = run(...args);
    return counted.steps === failAt ? done.then(() => Promise.reject(new Error("disk full"))) : done;
  };
  return Object.assign(counted, {
    write: once(write),
    rename: once(rename),
    remove: once(remove),
    syncDir: once(syncDir),
  });
}

/** A configuration that its level tells apart from others. */
export const toml = (level: string) => `[log]\nlevel = "${level}"\n`;

/** To the level "debug", unless `more` says otherwise. */
export const change = (expectedVersion: number, more: Partial<Change> = {}): Change => ({
  expectedVersion,
  toml: toml("debug"),
  confirmWithinS: 0,
  comment: "",
  dryRun: false,
  by: "admin:test",
  peer: "vsock://2:1",
  ...more,
});

export const content = (toml: string): Content => ({ config: loadConfig(toml, "test"), tls: {} });

/** What one note is of: the part, and the level of the log that tells configurations apart here. */
export class Notes {
  readonly lines: string[] = [];
  readonly events: string[] = [];
  /** Parts that refuse what they are told next. */
  readonly failing = new Set<string>();

  readonly emit: EmitEvent = (kind, _message, fields) =>
    this.events.push(`${kind} ${JSON.stringify(fields)}`);

  applier(name: string): Applier {
    return {
      name,
      apply: (next: Config) => {
        if (this.failing.has(name)) return Promise.reject(new Error("can't do it"));
        this.lines.push(`${name} ${next.log.level}`);
        return Promise.resolve();
      },
    };
  }

  live(): LiveParts {
    const prepare = (next: Config, retry: boolean) => {
      if (this.failing.has("doors") && !retry) return Promise.reject(new Error("address taken"));
      return Promise.resolve({
        commit: () => void this.lines.push(`doors ${next.log.level}`),
        abort: () => {
          this.lines.push("doors stay");
          return Promise.resolve();
        },
      });
    };
    const log = silentLog.component("config");
    return new LiveParts({ prepare }, [this.applier("first"), this.applier("second")], log);
  }
}

export interface Running {
  control: ConfigControl;
  store: ConfigStore;
  notes: Notes;
}

export const openStore = (dir: string, files: Files) =>
  ConfigStore.open(dir, files, (file, error) => {
    throw new Error(`damage: ${file}`, { cause: error });
  });

/** A control on what the store has in force. */
export function controlOf(store: ConfigStore, state: StoreState, options: {
  hasEdge?: boolean;
  clockKnown?: boolean;
  now?: () => number;
} = {}): Running {
  const notes = new Notes();
  const { toml, tls } = store.find(state.current)!;
  const control = new ConfigControl({ ...content(toml), tls }, state, {
    store,
    live: notes.live(),
    log: silentLog.component("config"),
    emit: notes.emit,
    clock: { known: options.clockKnown ?? true, reason: "no time server answered" },
    now: options.now ?? Date.now,
    hasEdge: options.hasEdge ?? false,
  });
  return { control, store, notes };
}
