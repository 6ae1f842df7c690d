// The schema as a flat list of documented keys, for messages and for the reference.
// Must never add knowledge of its own: all comes from the schema.
import { z } from "zod";
import type { Path } from "./position.ts";
import { configSchema } from "./schema.ts";

/** One key as its schema documents it. */
export interface KeyDoc {
  /** Empty for a key of the top level. */
  section: string;
  name: string;
  type: "text" | "whole number" | "number" | "true or false" | "list of text" | "list of tables";
  /** Undefined: it has to be written. */
  byDefault: unknown;
  /** How it is written, where no default shows it. */
  example?: unknown;
  description: string;
  unit?: string;
  /** Bounds of a number's value or of a list's length. */
  least?: number;
  most?: number;
  /** The allowed texts, when not any. */
  choices?: readonly string[];
  /** The keys of each table of a list. */
  fields?: readonly KeyDoc[];
}

/** One [section] as its schema documents it. */
export interface SectionDoc {
  name: string;
  description: string;
  keys: readonly KeyDoc[];
}

type Json = z.core.JSONSchema.BaseSchema;

const TYPES: Readonly<Record<string, KeyDoc["type"]>> = {
  string: "text",
  integer: "whole number",
  number: "number",
  boolean: "true or false",
  array: "list of text",
};

/** All sections in the schema's order; the first one, with the empty name, is the top level. */
export function sections(): readonly SectionDoc[] {
  return cached ??= readSections();
}

/** The key of that name; section "" is the top level. */
function findKey(section: string, name: string): KeyDoc | undefined {
  return sections().find((one) => one.name === section)?.keys.find((key) => key.name === name);
}

/** The key that a path leads to, whatever is written there: top level, section, or a table of a list. */
export function keyAt(path: Path): KeyDoc | undefined {
  const [first, second, , field] = path;
  const key = findKey("", String(first)) ?? findKey(String(first), String(second));
  if (key?.fields === undefined || path.length < 4) return key;
  return key.fields.find(({ name }) => name === field);
}

let cached: readonly SectionDoc[] | undefined;

function readSections(): SectionDoc[] {
  const top: KeyDoc[] = [];
  const found: SectionDoc[] = [{ name: "", description: "", keys: top }];
  for (const [name, schema] of properties(z.toJSONSchema(configSchema, { io: "input" }))) {
    if (schema.type !== "object") {
      top.push(readKey("", name, schema));
      continue;
    }
    const keys = properties(schema).map(([key, inner]) => readKey(name, key, inner));
    found.push({ name, description: schema.description ?? "", keys });
  }
  return found;
}

function properties(schema: Json): [string, Json][] {
  return Object.entries(schema.properties ?? {}).filter((entry): entry is [string, Json] => {
    return typeof entry[1] === "object";
  });
}

function readKey(section: string, name: string, schema: Json): KeyDoc {
  const items = itemsOf(schema);
  const type = items?.type === "object" ? "list of tables" : TYPES[String(schema.type)];
  if (type === undefined) {
    throw new Error(`${section}.${name} has type ${schema.type}, which has no name yet`);
  }
  return {
    section,
    name,
    type,
    byDefault: schema.default,
    example: schema.example,
    description: schema.description ?? "",
    unit: typeof schema.unit === "string" ? schema.unit : undefined,
    least: schema.minimum ?? schema.minItems,
    most: schema.maximum ?? schema.maxItems,
    choices: schema.enum?.map(String),
    fields: type !== "list of tables" || items === undefined
      ? undefined
      : properties(items).map(([field, inner]) => readKey(`${section}.${name}`, field, inner)),
  };
}

function itemsOf({ items }: Json): Json | undefined {
  return typeof items === "object" && !Array.isArray(items) ? items : undefined;
}
