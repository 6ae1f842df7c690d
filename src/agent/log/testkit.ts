// A logger that keeps its lines, for tests of what logs.
import type { Fields } from "./form.ts";
import type { LineLevel } from "./level.ts";
import type { Logger } from "./log.ts";

export interface Line {
  level: LineLevel;
  message: string;
  fields: Fields;
}

export function recordingLogger(): Logger & { readonly lines: Line[] } {
  const lines: Line[] = [];
  const write = (level: LineLevel, message: string, fields: Fields = {}) => {
    lines.push({ level, message, fields });
  };
  return {
    component: "test",
    lines,
    enabled: () => true,
    write,
    debug: (message, fields) => write("debug", message, fields),
    info: (message, fields) => write("info", message, fields),
    warn: (message, fields) => write("warn", message, fields),
    error: (message, fields) => write("error", message, fields),
  };
}
