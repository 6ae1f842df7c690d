// Everything that a configuration is in force in: the doors and the server, and what the appliers look after.
// Must never leave some of it on the new configuration and some on the old.
import type { Config } from "../config/mod.ts";
import { errorText, type Logger } from "../log/mod.ts";
import type { Applier, TlsFiles } from "./applier.ts";

/** A configuration and the TLS material that belongs to it. */
export interface Content {
  readonly config: Config;
  readonly tls: TlsFiles;
}

/** What stands beside the old, ready to take over. */
export interface Prepared {
  /** Can't fail. */
  commit(): void;
  abort(): Promise<void>;
}

/** The doors and the server. */
export interface Listening {
  /** @param retry what can't be opened is tried again later, instead of being an error */
  prepare(next: Config, retry: boolean): Promise<Prepared>;
}

export class LiveParts {
  constructor(
    private readonly listening: Listening,
    private readonly appliers: readonly Applier[],
    private readonly log: Logger,
  ) {}

  /** What can't be done here, each with what to do. */
  async check({ config, tls }: Content): Promise<string[]> {
    const problems = await Promise.all(
      this.appliers.map(async (applier) => await applier.check?.(config, tls) ?? []),
    );
    return problems.flat();
  }

  /**
   * Puts the first configuration in force.
   * @param strict what can't be done is an error, instead of a line in the log and another attempt
   * @throws Error also when not a single address can be listened at
   */
  async start(content: Content, strict: boolean): Promise<void> {
    const prepared = await this.listening.prepare(content.config, !strict);
    prepared.commit();
    for (const applier of this.appliers) {
      try {
        await this.#apply(applier, content);
      } catch (error) {
        if (strict) throw error;
        this.#failed(applier, error);
      }
    }
  }

  /**
   * Puts `next` in force, all of it or nothing.
   * @param keep runs when every part has taken it, before the old is gone: what it throws undoes the change
   */
  async change(before: Content, next: Content, keep: () => Promise<void>): Promise<void> {
    const prepared = await this.listening.prepare(next.config, false);
    const done: Applier[] = [];
    try {
      for (const applier of this.appliers) {
        await this.#apply(applier, next);
        done.push(applier);
      }
      await keep();
    } catch (error) {
      for (const applier of done.reverse()) {
        await this.#apply(applier, before).catch((again: unknown) => this.#failed(applier, again));
      }
      await prepared.abort();
      throw error;
    }
    prepared.commit();
  }

  /** Puts `content` in force as far as it goes: there is nothing to go back to. What can't be opened is tried again. */
  async force(content: Content): Promise<void> {
    try {
      const prepared = await this.listening.prepare(content.config, true);
      prepared.commit();
    } catch (error) {
      this.log.error("no address can be listened at", { error: errorText(error) });
    }
    for (const applier of this.appliers) {
      await this.#apply(applier, content).catch((error: unknown) => this.#failed(applier, error));
    }
  }

  async #apply(applier: Applier, { config, tls }: Content): Promise<void> {
    try {
      await applier.apply(config, tls);
    } catch (error) {
      throw new Error(`${applier.name}: ${error instanceof Error ? error.message : error}`, { cause: error });
    }
  }

  #failed(applier: Applier, error: unknown): void {
    this.log.error("a part didn't take the configuration", { part: applier.name, error: errorText(error) });
  }
}
