// The kept configuration, opened for a start: before anything else of the agent, since all of it follows from it.
import { join } from "node:path";
import type { EmitEvent } from "../event_sink.ts";
import { errorText, type Log } from "../log/mod.ts";
import { bootConfig } from "./boot.ts";
import { tlsCredentials } from "./credentials.ts";
import { diskFiles } from "./files.ts";
import type { Content } from "./live_parts.ts";
import { ConfigStore } from "./store.ts";
import type { StoreState } from "./version.ts";

export interface OpenOptions {
  readonly stateDir: string;
  /** Where `gatehouse.tls-cert` and its like lie, if anywhere. */
  readonly credentialsDir?: string;
  /** The configuration file's text; undefined: none was named. */
  readonly toml?: string;
  /** For messages. */
  readonly fileName: string;
  readonly log: Log;
  /** Given TLS material that is bad is an error, and not left out. */
  readonly strict: boolean;
}

/** What an agent starts with. */
export interface KeptConfig {
  readonly store: ConfigStore;
  readonly content: Content;
  readonly state: StoreState;
  /** What is to be told when events can be. */
  readonly events: readonly Parameters<EmitEvent>[];
}

/**
 * Reads what is kept and what is given, decides, and keeps the decision.
 * @throws {ConfigError} when the given file is wrong; Error when the directory can't be used
 */
export async function openConfig(options: OpenOptions): Promise<KeptConfig> {
  const log = options.log.component("config");
  const store = await ConfigStore.open(
    join(options.stateDir, "config"),
    diskFiles,
    (file, error) => log.error("a kept file can't be read", { file, error: errorText(error) }),
  );
  const events: Parameters<EmitEvent>[] = [];
  const { toml, fileName, strict } = options;
  const { content, state } = await bootConfig({
    store,
    given: { toml, fileName, tls: await tlsCredentials(options.credentialsDir) },
    log,
    emit: (...event) => events.push(event),
    now: Date.now,
    strict,
  });
  options.log.configure(content.config.log);
  return { store, content, state, events };
}
