// Says what is wrong with a value, and what to write, from the schema's own documentation.
// Must never repeat more of the file than a short quotation.
import type { z } from "zod";
import { quote, visible } from "../log/escape.ts";
import { keyAt, type KeyDoc, sections } from "./keys.ts";
import type { Path } from "./position.ts";
import { nearest, sameWord } from "./suggest.ts";

/** Characters of the file that a message repeats. */
const MAX_QUOTED = 60;

/** What a Problem says besides its place. */
export interface Explanation {
  reason: string;
  next: string;
}

/** A key's path as people write it, bounded and printable. */
export function keyText(path: Path): string {
  return visible(
    path.map((step, i) => typeof step === "number" ? `[${step}]` : i === 0 ? step : `.${step}`).join(""),
    MAX_QUOTED * 2,
  );
}

/** A key that no schema knows. `path` is that of what holds it. */
export function explainUnknown(path: Path, name: string): Explanation {
  const section = String(path[0] ?? "");
  const list = path.length > 2 ? keyAt(path.slice(0, 2)) : undefined;
  if (list?.fields !== undefined) return explainUnknownField(list, list.fields, name);
  const here = sections().find((one) => one.name === section) ?? sections()[0];
  const ownKeys = here.keys.map((key) => key.name);
  const sectionNames = sections().slice(1).map((one) => one.name);
  const reason = path.length === 0 ? "there is no such key or section" : `[${section}] has no such key`;

  const near = nearest(name, path.length === 0 ? [...ownKeys, ...sectionNames] : ownKeys);
  // A key of another section, letter for letter, is meant rather than what merely looks like it here.
  const exact = near !== undefined && sameWord(near, name) ? undefined : sections().flatMap((other) => {
    const key = other.keys.find((one) => sameWord(one.name, name));
    return key === undefined || other === here ? [] : [belongsTo(other.name, key.name, name)];
  })[0];
  if (exact !== undefined) return { reason, next: exact };
  if (near !== undefined) return { reason, next: `did you mean ${near}?` };
  for (const other of sections()) {
    const key = other === here ? undefined : nearest(name, other.keys.map((one) => one.name));
    if (key !== undefined) return { reason, next: belongsTo(other.name, key, name) };
  }
  const known = path.length === 0
    ? `the top level has ${ownKeys.join(", ")} and the sections ${sectionNames.join(", ")}`
    : `it has ${ownKeys.join(", ")}`;
  return { reason, next: `remove it; ${known}` };
}

function explainUnknownField(list: KeyDoc, fields: readonly KeyDoc[], name: string): Explanation {
  const names = fields.map((field) => field.name);
  const near = nearest(name, names);
  return {
    reason: `[[${list.section}.${list.name}]] has no such key`,
    next: near === undefined ? `remove it; it has ${names.join(", ")}` : `did you mean ${near}?`,
  };
}

/** A value that its schema refuses. */
export function explainValue(issue: z.core.$ZodIssue, value: unknown): Explanation {
  const [first] = issue.path;
  const path = issue.path.map((step) => typeof step === "symbol" ? String(step) : step);
  const key = keyAt(path);
  if (issue.code === "custom") {
    const next: unknown = issue.params?.next;
    return { reason: visible(issue.message), next: typeof next === "string" ? visible(next) : allowed(key) };
  }
  if (key === undefined) return explainSection(String(first), value);
  if (value === undefined) return { reason: "is missing", next: allowed(key) };
  if (key.type === "list of text" && typeof path.at(-1) === "number") {
    return typeof value === "string"
      ? { reason: `is ${describe(value)}, too short or too long`, next: "write 1 to 64 characters" }
      : {
        reason: `is ${describe(value)}, not text`,
        next: `write each value in quotes${like(key.byDefault)}`,
      };
  }
  if (key.type === "list of tables" && !(Array.isArray(value) && path.length === 2)) {
    return {
      reason: `is ${describe(value)}, not a ${path.length > 2 ? "table" : "list of tables"}`,
      next: `write [[${key.section}.${key.name}]] on a line of its own and its keys on the lines below`,
    };
  }
  if (key.type.startsWith("list of") && Array.isArray(value)) {
    if (value.length === 0) return { reason: "is empty", next: `write it like ${toml(key.byDefault)}` };
    return { reason: `holds ${value.length} values, too many`, next: `keep at most ${key.most}` };
  }
  if (key.choices !== undefined && typeof value === "string") {
    const near = nearest(value, key.choices);
    const next = near === undefined ? allowed(key) : `did you mean "${near}"? ${allowed(key)}`;
    return { reason: `is ${describe(value)}, which is none of its values`, next };
  }
  if (key.type.endsWith("number") && typeof value === "number" && !Number.isNaN(value)) {
    const fault = key.type === "whole number" && !Number.isInteger(value)
      ? "not a whole number"
      : value < (key.least ?? 0)
      ? "too small"
      : "too large";
    return { reason: `is ${value}, ${fault}`, next: allowed(key) };
  }
  return { reason: `is ${describe(value)}, not ${withArticle(key)}`, next: allowed(key) };
}

function explainSection(name: string, value: unknown): Explanation {
  const shown = visible(name, MAX_QUOTED);
  return {
    reason: `is ${Array.isArray(value) ? "a list of sections" : describe(value)}, not a section`,
    next: `write [${shown}] on a line of its own and its keys on the lines below`,
  };
}

function belongsTo(section: string, key: string, name: string): string {
  const move = name === key ? `move ${key}` : `did you mean ${key}? move it`;
  return section === ""
    ? `${move} to the top of the file, above the first [section]`
    : `${move} under [${section}]`;
}

/** What may be written for a key. */
function allowed(key: KeyDoc | undefined): string {
  if (key === undefined) return "see docs/configuration.md";
  const orDefault = `or remove the line for the default, ${toml(key.byDefault)}`;
  if (key.choices !== undefined) {
    return `write ${key.choices.map((one) => `"${one}"`).join(", ")}, ${orDefault}`;
  }
  if (key.type === "whole number") {
    return `write ${key.least} to ${key.most} (${key.unit}) without quotes, ${orDefault}`;
  }
  if (key.type === "number") return `write ${key.least} to ${key.most} without quotes, ${orDefault}`;
  if (key.type === "true or false") return `write true or false without quotes, ${orDefault}`;
  return `write it${like(key.example ?? key.byDefault)}`;
}

/** An empty list shows nobody how to write one. */
function like(example: unknown): string {
  return Array.isArray(example) && example.length === 0 ? ' like ["default-rsa"]' : ` like ${toml(example)}`;
}

function withArticle(key: KeyDoc): string {
  if (key.type === "text" || key.type === "true or false") return key.type;
  return `a ${key.type}`;
}

/** A default as TOML: the same text as JSON for what the schema has. */
export function toml(value: unknown): string {
  return Array.isArray(value) ? `[${value.map(toml).join(", ")}]` : JSON.stringify(value);
}

function describe(value: unknown): string {
  if (typeof value === "string") return `the text ${quote(value, MAX_QUOTED)}`;
  if (typeof value === "number" || typeof value === "bigint") return `the number ${value}`;
  if (typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return "a list";
  return value instanceof Date ? "a date" : "a section";
}
