// Finds which part of a JSON body isn't what its message asks for. @bufbuild/protobuf alone judges: here parts are given to
// it one by one until one fails by itself. Must never put a value of the body into words: it may be a secret.
import { type DescField, type DescMessage, fromJson, type JsonValue, ScalarType } from "@bufbuild/protobuf";
import { fieldNamed } from "./fields.ts";
import type { JsonNode, JsonPath } from "./json_tree.ts";

export interface JsonFault {
  readonly path: JsonPath;
  /** The byte of the body, from 0. */
  readonly at: number;
  /** What is wrong, or what is expected. */
  readonly what: string;
}

/** Messages in messages; src/proto/strict_wire.ts has the same. */
export const MAX_MESSAGE_DEPTH = 32;

/** The first fault of what `fromJson` refuses as a whole. */
export function faultIn(message: DescMessage, node: JsonNode, path: JsonPath = []): JsonFault {
  if (node.members === undefined || path.length > MAX_MESSAGE_DEPTH) {
    return { path, at: node.at, what: "expects an object" };
  }
  const seen = new Map<object, string>();
  for (const [name, member] of node.members) {
    const inside = [...path, name];
    const field = fieldNamed(message, name);
    if (field === undefined) return { path: inside, at: member.at, what: unknownField(message) };
    const before = seen.get(field) ?? seen.get(field.oneof ?? field);
    if (before !== undefined) {
      return { path: inside, at: member.at, what: `can't stand beside ${before}: give one of them` };
    }
    if (member.value !== null) seen.set(field.oneof ?? field, name);
    seen.set(field, name);
    if (!stands(message, { [name]: member.value })) return faultOf(message, field, name, member, inside);
  }
  return { path, at: node.at, what: "its fields don't go together" };
}

function faultOf(
  message: DescMessage,
  field: DescField,
  name: string,
  node: JsonNode,
  path: JsonPath,
): JsonFault {
  const here = { path, at: node.at, what: expectation(field) };
  if (field.fieldKind === "message" && node.members !== undefined) return faultIn(field.message, node, path);
  if (field.fieldKind === "list" && node.elements !== undefined) {
    for (const [i, element] of node.elements.entries()) {
      if (stands(message, { [name]: [element.value] })) continue;
      const inside = [...path, i];
      if (field.listKind === "message") return faultIn(field.message, element, inside);
      return { path: inside, at: element.at, what: expectationOfOne(field) };
    }
  }
  if (field.fieldKind === "map" && node.members !== undefined) {
    for (const [key, member] of node.members) {
      if (stands(message, { [name]: { [key]: member.value } })) continue;
      const inside = [...path, key];
      if (field.mapKind === "message") return faultIn(field.message, member, inside);
      return { path: inside, at: member.at, what: expectationOfOne(field) };
    }
  }
  return here;
}

function stands(message: DescMessage, value: JsonValue): boolean {
  try {
    fromJson(message, value, { recursionLimit: MAX_MESSAGE_DEPTH });
    return true;
  } catch {
    return false;
  }
}

function unknownField({ fields }: DescMessage): string {
  if (fields.length === 0) return "is no field: this request has none";
  return `is no field; there are ${fields.map(({ jsonName }) => jsonName).join(", ")}`;
}

/** What a field takes, in words. */
export function expectation(field: DescField): string {
  switch (field.fieldKind) {
    case "list":
      return "expects an array";
    case "map":
      return "expects an object of names and values";
    default:
      return expectationOfOne(field);
  }
}

/** What a field takes, or one of its elements. */
function expectationOfOne(field: DescField): string {
  if (field.enum !== undefined) {
    return `expects one of ${field.enum.values.map(({ name }) => name).join(", ")}`;
  }
  return field.scalar === undefined ? "expects an object" : SCALARS[field.scalar] ?? "expects a number";
}

const SCALARS: Partial<Record<ScalarType, string>> = {
  [ScalarType.STRING]: "expects a string of Unicode characters",
  [ScalarType.BYTES]: "expects a string of base64",
  [ScalarType.BOOL]: "expects true or false",
  [ScalarType.INT32]: "expects an integer of 32 bits",
  [ScalarType.UINT32]: "expects an integer from 0 to 4294967295",
  [ScalarType.INT64]: "expects an integer of 64 bits, as a string beyond 2^53",
  [ScalarType.UINT64]: "expects an integer from 0 to 18446744073709551615, as a string beyond 2^53",
};
