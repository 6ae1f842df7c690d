// A TOML syntax error in words that say what to do.
// Must never guess beyond the line at which the parser stopped.
import type { ParseError } from "toml-eslint-parser";
import { visible } from "../log/escape.ts";
import type { Problem } from "./problem.ts";

/** Characters of the file that a message repeats. */
const MAX_QUOTED = 40;

// By the parser's own messages: it gives no code. An unknown message is shown as it is.
const SAYINGS: Readonly<Record<string, [reason: string, next: string]>> = {
  "Defining a key multiple times is invalid": [
    "it is in the file twice",
    "keep one of the two and join what they say",
  ],
  "Unterminated string constant": ["the text has no closing quote", 'put " at its end, on the same line'],
  "Unterminated array": ["the list has no closing bracket", "put ] at its end"],
  "Unterminated table-key": ["the section's name has no closing bracket", "write it as [name]"],
  "Unspecified values are invalid": ["the value is missing", "write one behind the = sign"],
  "Expected equal (=) token": ["the = sign is missing", "write the line as key = value"],
  "Expected comma (,) token": ["a comma is missing between two values", "put one there"],
  "Must be a newline": ["something else follows on the same line", "put it on a line of its own"],
  "Leading zeros are not allowed": ["the number begins with a zero", "remove the zero"],
  "The key, equals sign, and value must be on the same line": [
    "the line is not finished",
    "write key = value, or [section], on one line",
  ],
};

/** Characters of a line that are looked at: the patterns below take quadratic time on long runs of spaces. */
const MAX_LOOKED_AT = 200;

/** The problem for what the parser threw. */
export function syntaxProblem(error: ParseError, text: string): Problem {
  const lines = text.split(/\r?\n/);
  // What a line lacks at its end, the parser misses at the beginning of the next.
  const early = UNFINISHED.has(error.message) && error.column === 0 && error.lineNumber > 1;
  const number = early ? error.lineNumber - 1 : error.lineNumber;
  const line = lines[number - 1] ?? "";
  const column = early ? line.length + 1 : error.column + 1;
  const [reason, next] = foreign(line.slice(0, MAX_LOOKED_AT)) ?? bareText(line.slice(0, MAX_LOOKED_AT)) ??
    SAYINGS[error.message] ??
    [
      `not TOML: ${visible(error.message)}`,
      "write each line as key = value or [section]; # begins a comment",
    ];
  return { line: number, column, key: keyOf(lines, number - 1), reason, next };
}

const UNFINISHED = new Set([
  "Unterminated table-key",
  "The key, equals sign, and value must be on the same line",
]);

/** The key, or the section, that the line seems to be about, with the section above it. */
function keyOf(lines: readonly string[], index: number): string {
  const own = /^\s*(\[{0,2})\s*([\w.-]{1,64})/.exec(lines[index] ?? "");
  if (own === null) return "";
  if (own[1] !== "") return own[2];
  for (let above = index - 1; above >= 0; above--) {
    const section = /^\s*\[\s*([\w.-]{1,64})\s*\]/.exec(lines[above]);
    if (section !== null) return `${section[1]}.${own[2]}`;
  }
  return own[2];
}

/** A line of another language. */
function foreign(line: string): [string, string] | undefined {
  const colon = /^\s*([\w.-]+)\s*:(?!\/\/)/.exec(line);
  if (colon !== null) {
    return [
      "TOML has = between key and value, not a colon",
      `write ${visible(colon[1], MAX_QUOTED)} = value`,
    ];
  }
  return undefined;
}

/** The commonest mistake of all: text without its quotes. */
function bareText(line: string): [string, string] | undefined {
  const match = /^\s*([\w.-]+)\s*=\s*([^\s"'[{#][^"'#]*?)\s*(?:#.*)?$/.exec(line);
  if (match === null) return undefined;
  const [, name, value] = match;
  if (/^(true|false|[+-]?(\d|inf\b|nan\b))/.test(value)) return undefined;
  const lower = value.toLowerCase();
  const boolean = ["true", "yes", "on"].includes(lower)
    ? "true"
    : ["false", "no"].includes(lower)
    ? "false"
    : undefined;
  const shown = visible(value, MAX_QUOTED);
  if (boolean !== undefined) return [`${shown} is no TOML value`, `write ${name} = ${boolean}`];
  return [`text needs quotes`, `write ${name} = "${shown}"`];
}
