// What is wrong with a configuration file, for people and for `--json`.
// Must never hold a control character: names and values come from the file.
import { visible } from "../log/escape.ts";

/** One finding. */
export interface Problem {
  /** From 1. */
  line: number;
  /** From 1, in UTF-16 units. */
  column: number;
  /** Dotted, `limits.max_connections` or `listen.addresses[1]`; empty when it concerns no key. */
  key: string;
  /** What is wrong. */
  reason: string;
  /** What to write instead. */
  next: string;
}

/** `file:line:column: key: reason; next`, which editors can jump to. */
export function formatProblem(fileName: string, problem: Problem): string {
  const key = problem.key === "" ? "" : `${problem.key}: `;
  return `${visible(fileName)}:${problem.line}:${problem.column}: ${key}${problem.reason}; ${problem.next}`;
}

/** Thrown by loadConfig; the message has one line for each problem. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";

  constructor(readonly fileName: string, readonly problems: readonly Problem[]) {
    super(problems.map((problem) => formatProblem(fileName, problem)).join("\n"));
  }
}
