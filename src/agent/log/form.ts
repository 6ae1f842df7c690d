// The two looks of a log line: JSON for machines, words for people.
// Must never emit a line end but the last character, nor an escape sequence but its own colours.
import { quote, visible } from "./escape.ts";
import type { LineLevel } from "./level.ts";
import { jsonValue } from "./value.ts";

/** Named values of a line. Names are the program's own, values may be a peer's. */
export type Fields = Readonly<Record<string, unknown>>;

/** Fields of one line that are written; the rest is counted in `fields_left_out`. */
export const MAX_FIELDS = 32;

/** Renders one line, its line end included. `time` is RFC 3339, UTC, milliseconds. */
export type Form = (
  time: string,
  level: LineLevel,
  component: string,
  message: string,
  fields?: Fields,
) => string;

// These four are the line's own; a field of such a name gets an underscore behind it.
const RESERVED = new Set(["time", "level", "component", "message"]);
const PLAIN_KEY = /^[a-z][a-z0-9_]*$/;
const PLAIN_WORD = /^"[\w.:/@+%-]+"$/;

/** One JSON object a line: time, level, component, message, then the fields. */
export const jsonForm: Form = (time, level, component, message, fields) => {
  let line = `{"time":"${time}","level":"${level}","component":${quote(component)},"message":${
    quote(message)
  }`;
  if (fields !== undefined) {
    let count = 0;
    for (const name in fields) {
      const value = fields[name];
      if (value === undefined) continue;
      if (++count > MAX_FIELDS) continue;
      line += `,${key(name)}:${jsonValue(value)}`;
    }
    if (count > MAX_FIELDS) line += `,"fields_left_out":${count - MAX_FIELDS}`;
  }
  return `${line}}\n`;
};

/** `time level component message name=value ...`, with colours when asked for. */
export function textForm(colour: boolean): Form {
  const paint = (code: string, text: string) => colour ? `\x1b[${code}m${text}\x1b[0m` : text;
  const levels: Record<LineLevel, string> = {
    debug: paint("2", "debug"),
    info: paint("32", "info "),
    warn: paint("33", "warn "),
    error: paint("1;31", "error"),
  };
  return (time, level, component, message, fields) => {
    let line = `${paint("2", time)} ${levels[level]} ${paint("36", visible(component))} ${visible(message)}`;
    let count = 0;
    for (const name in fields) {
      const value = fields[name];
      if (value === undefined) continue;
      if (++count > MAX_FIELDS) continue;
      line += ` ${paint("2", `${visible(name)}=`)}${word(jsonValue(value))}`;
    }
    if (count > MAX_FIELDS) line += ` fields_left_out=${count - MAX_FIELDS}`;
    return `${line}\n`;
  };
}

function key(name: string): string {
  if (RESERVED.has(name)) return `"${name}_"`;
  return PLAIN_KEY.test(name) ? `"${name}"` : quote(name);
}

/** A JSON token without its quotes when nobody needs them. */
function word(json: string): string {
  return PLAIN_WORD.test(json) ? json.slice(1, -1) : json;
}
