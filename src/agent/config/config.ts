// Reads the configuration file: text in, a checked Config or the list of all its problems out.
// Must never read a file, and never throw anything but ConfigError, whatever the text.
import type { z } from "zod";
import { getStaticTOMLValue, ParseError, parseTOML } from "toml-eslint-parser";
import { visible } from "../log/escape.ts";
import { explainUnknown, explainValue, type Explanation, keyText } from "./explain.ts";
import { type Path, type Position, Positions } from "./position.ts";
import { ConfigError, type Problem } from "./problem.ts";
import { type Config, configSchema } from "./schema.ts";
import { syntaxProblem } from "./syntax.ts";

/** A full file with comments has some 8 KiB. The text may come from a caller, and parsing costs time and memory. */
export const MAX_CONFIG_UNITS = 64 * 1024;

/** Problems that are told; whoever has more repairs the first ones first. */
export const MAX_PROBLEMS = 50;

/**
 * The configuration in `text`, defaults filled in. `fileName` is for the messages.
 *
 * @throws {ConfigError} with all problems, in the file's order.
 */
export function loadConfig(text: string, fileName: string): Config {
  const result = read(text, fileName);
  if (result.config === undefined) throw new ConfigError(fileName, result.problems);
  return result.config;
}

/** All problems of `text`, in the file's order; none means that loadConfig takes it. */
export function checkConfig(text: string, fileName: string): Problem[] {
  return read(text, fileName).problems;
}

type Result = { config: Config; problems: [] } | { config?: undefined; problems: Problem[] };

function read(text: string, fileName: string): Result {
  if (text.length > MAX_CONFIG_UNITS) {
    const reason = `${visible(fileName)} has ${text.length} characters, at most ${MAX_CONFIG_UNITS} are read`;
    return refuse(reason, "remove what is no configuration");
  }
  try {
    return check(text.replace(/^\ufeff/, ""));
  } catch (error) {
    if (error instanceof ParseError) return { problems: [syntaxProblem(error, text)] };
    // The parser and the walk over its tree are recursive; brackets by the thousand exhaust the stack.
    if (error instanceof RangeError) {
      return refuse("values are nested too deeply", "remove the nested brackets");
    }
    throw error;
  }
}

function refuse(reason: string, next: string): Result {
  return { problems: [{ line: 1, column: 1, key: "", reason, next }] };
}

function check(text: string): Result {
  const program = parseTOML(text, { tomlVersion: "1.0" });
  const values = getStaticTOMLValue(program);
  const outcome = configSchema.safeParse(values);
  if (outcome.success) return { config: outcome.data, problems: [] };

  const positions = new Positions(program);
  const findings = onePerPlace(outcome.error.issues.flatMap((issue) => locate(issue, values, positions)));
  findings.sort((a, b) => a.at.line - b.at.line || a.at.column - b.at.column);
  const problems = findings.slice(0, MAX_PROBLEMS).map(({ at, path, explain }) => {
    return { line: at.line, column: at.column, key: keyText(path), ...explain() };
  });
  const hidden = findings.slice(MAX_PROBLEMS);
  if (hidden.length > 0) {
    const reason = `${hidden.length} more problems follow`;
    problems.push({ ...hidden[0].at, key: "", reason, next: "repair those above and check again" });
  }
  return { problems };
}

/** A problem whose words are made only when it is told: a file of nothing but mistakes may have thousands. */
interface Finding {
  at: Position;
  path: Path;
  explain: () => Explanation;
}

/** A number beyond 2^53 is both unsafe and too large to the schema; once is enough to a reader. */
function onePerPlace(findings: readonly Finding[]): Finding[] {
  const places = new Set<string>();
  return findings.filter(({ at, path }) => {
    const place = JSON.stringify([at, path]);
    return !places.has(place) && places.add(place);
  });
}

function locate(issue: z.core.$ZodIssue, values: unknown, positions: Positions): Finding[] {
  const path = issue.path.map((step) => typeof step === "symbol" ? String(step) : step);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((name) => ({
      at: positions.ofKey([...path, name]),
      path: [...path, name],
      explain: () => explainUnknown(path, name),
    }));
  }
  return [{ at: positions.ofValue(path), path, explain: () => explainValue(issue, valueAt(values, path)) }];
}

function valueAt(values: unknown, path: Path): unknown {
  let value = values;
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}
