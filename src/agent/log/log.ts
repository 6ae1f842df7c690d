// The agent's log: a logger per component over one sink.
// Must never throw, never block, never be the reason that a call fails.
import { type Fields, type Form, jsonForm, textForm } from "./form.ts";
import { type Level, type LineLevel, RANK } from "./level.ts";
import { type Output, Sink } from "./sink.ts";

/** Writes lines of one component. The message is the program's own constant text; what a peer said is a field. */
export interface Logger {
  readonly component: string;
  /** Whether a line of this level would be written now: ask before costly fields. */
  enabled(level: LineLevel): boolean;
  write(level: LineLevel, message: string, fields?: Fields): void;
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
}

/** How the lines look. "auto" is text on a terminal, JSON elsewhere. */
export type LogFormat = "json" | "text" | "auto";

/** What createLog takes; all may be left out. */
export interface LogOptions {
  level?: Level;
  format?: LogFormat;
  /** Default: standard error, which systemd brings to the journal. */
  output?: Output & { isTerminal?(): boolean };
  /** Default: the NO_COLOR convention (no-color.org), which Deno reads without a permission. */
  noColour?: boolean;
  /** Wall clock, ms since 1970. */
  nowMs?: () => number;
}

/** The whole log. */
export interface Log {
  /** The logger of a component. */
  component(name: string): Logger;
  /** Puts another level and form in force, for every component, and forgets what setLevel() said. */
  configure(options: Pick<LogOptions, "level" | "format">): void;
  /** The level that was configured, and those in force, by name. */
  levels(): LogLevels;
  /**
   * Gives a component, or each, a level of its own until the next configure(); undefined takes it back.
   * @returns false when there is no such component
   */
  setLevel(component: string | undefined, level: Level | undefined): boolean;
  /** Waits until all is written, at most `timeoutMs`; false when it was not. For the end of the process. */
  flush(timeoutMs: number): Promise<boolean>;
  /** Lines lost to a slow or closed output and not said yet. */
  readonly lost: number;
}

export interface LogLevels {
  readonly configured: Level;
  readonly components: readonly { readonly name: string; readonly level: Level; readonly changed: boolean }[];
}

/** Makes the log. */
export function createLog(options: LogOptions = {}): Log {
  const output = options.output ?? Deno.stderr;
  const timestamp = clock(options.nowMs ?? Date.now);
  const terminal = output.isTerminal?.() ?? false;
  const settings: Settings = { form: jsonForm };
  let configured: Level = "info";
  /** Names are the program's own, so there are few. */
  const components = new Map<string, ComponentLevel>();
  const configure = ({ level, format }: Pick<LogOptions, "level" | "format">) => {
    settings.form = chooseForm({ ...options, format }, terminal);
    configured = level ?? "info";
    for (const one of components.values()) one.set(configured, false);
  };
  configure(options);
  const sink = new Sink(output, (lost) => settings.form(timestamp(), "warn", "log", "lines lost", { lost }));
  return {
    component(name) {
      let level = components.get(name);
      if (level === undefined) components.set(name, level = new ComponentLevel(configured));
      return new ComponentLogger(name, level, settings, timestamp, sink);
    },
    configure,
    levels: () => ({
      configured,
      components: [...components].map(([name, { level, changed }]) => ({ name, level, changed }))
        .sort((a, b) => a.name < b.name ? -1 : 1),
    }),
    setLevel(name, level) {
      const found = name === undefined ? [...components.values()] : [components.get(name)];
      for (const one of found) one?.set(level ?? configured, level !== undefined && level !== configured);
      return !found.includes(undefined);
    },
    flush: (timeoutMs) => sink.flush(timeoutMs),
    get lost() {
      return sink.lost;
    },
  };
}

/** What all components have in common, and may change. */
interface Settings {
  form: Form;
}

/** What all loggers of a component share. */
class ComponentLevel {
  rank: number;
  changed = false;

  constructor(public level: Level) {
    this.rank = RANK[level];
  }

  set(level: Level, changed: boolean): void {
    this.level = level;
    this.rank = RANK[level];
    this.changed = changed;
  }
}

class ComponentLogger implements Logger {
  constructor(
    readonly component: string,
    private readonly own: Readonly<ComponentLevel>,
    private readonly settings: Readonly<Settings>,
    private readonly timestamp: () => string,
    private readonly sink: Sink,
  ) {}

  enabled(level: LineLevel): boolean {
    return RANK[level] >= this.own.rank;
  }

  write(level: LineLevel, message: string, fields?: Fields): void {
    if (RANK[level] < this.own.rank) return;
    try {
      this.sink.push(this.settings.form(this.timestamp(), level, this.component, message, fields));
    } catch {
      this.sink.countLost();
    }
  }

  debug(message: string, fields?: Fields): void {
    this.write("debug", message, fields);
  }
  info(message: string, fields?: Fields): void {
    this.write("info", message, fields);
  }
  warn(message: string, fields?: Fields): void {
    this.write("warn", message, fields);
  }
  error(message: string, fields?: Fields): void {
    this.write("error", message, fields);
  }
}

function chooseForm(options: LogOptions, terminal: boolean): Form {
  const format = options.format ?? "auto";
  if (format === "json" || (format === "auto" && !terminal)) return jsonForm;
  return textForm(terminal && !(options.noColour ?? Deno.noColor));
}

/** RFC 3339 text of the wall clock; made once a millisecond, for it costs more than the rest of a line. */
function clock(nowMs: () => number): () => string {
  let lastMs = NaN;
  let text = "";
  return () => {
    const now = nowMs();
    if (now !== lastMs) {
      text = new Date(now).toISOString();
      lastMs = now;
    }
    return text;
  };
}
