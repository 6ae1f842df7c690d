// Messages as JSON Schema (2020-12, the dialect of OpenAPI 3.1), by the JSON mapping of proto3.
// Must never describe a form that the transcoding doesn't take or give.
import { type DescEnum, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { commentOf } from "./schema.ts";

export type JsonSchema = { readonly [keyword: string]: unknown };

/** Where messages and enums stand in an OpenAPI document. */
export const refTo = ({ typeName }: { readonly typeName: string }): JsonSchema => ({
  $ref: `#/components/schemas/${typeName}`,
});

const INT64 = { type: "string", pattern: "^-?[0-9]{1,19}$", format: "int64" };
const UINT64 = { type: "string", pattern: "^[0-9]{1,20}$", format: "uint64" };
const INT32 = { type: "integer", minimum: -2147483648, maximum: 2147483647, format: "int32" };
const UINT32 = { type: "integer", minimum: 0, maximum: 4294967295, format: "uint32" };
const NUMBER = { type: "number" };

const SCALARS: Readonly<Record<ScalarType, JsonSchema>> = {
  [ScalarType.STRING]: { type: "string" },
  [ScalarType.BYTES]: { type: "string", format: "byte", contentEncoding: "base64" },
  [ScalarType.BOOL]: { type: "boolean" },
  [ScalarType.INT32]: INT32,
  [ScalarType.SINT32]: INT32,
  [ScalarType.SFIXED32]: INT32,
  [ScalarType.UINT32]: UINT32,
  [ScalarType.FIXED32]: UINT32,
  [ScalarType.INT64]: INT64,
  [ScalarType.SINT64]: INT64,
  [ScalarType.SFIXED64]: INT64,
  [ScalarType.UINT64]: UINT64,
  [ScalarType.FIXED64]: UINT64,
  [ScalarType.FLOAT]: NUMBER,
  [ScalarType.DOUBLE]: NUMBER,
};

/** @param left fields that stand elsewhere */
export function messageSchema(message: DescMessage, left: ReadonlySet<DescField> = new Set()): JsonSchema {
  const fields = message.fields.filter((field) => !left.has(field));
  const exclusive = message.oneofs.flatMap(({ fields: parts }) =>
    pairs(parts.map(({ jsonName }) => jsonName))
  )
    .map((required) => ({ not: { required } }));
  return {
    type: "object",
    ...described(commentOf(message.typeName)),
    properties: Object.fromEntries(fields.map((field) => [field.jsonName, fieldSchema(message, field)])),
    additionalProperties: false,
    ...(exclusive.length > 0 && { allOf: exclusive }),
  };
}

export const enumSchema = (type: DescEnum): JsonSchema => ({
  type: "string",
  ...described(
    [
      commentOf(type.typeName),
      ...type.values.map(({ name }) => [name, commentOf(type.typeName, name)])
        .filter(([, comment]) => comment !== "").map(([name, comment]) => `- ${name}: ${comment}`),
    ].filter((line) => line !== "").join("\n"),
  ),
  enum: type.values.map(({ name }) => name),
});

export function fieldSchema(message: DescMessage, field: DescField): JsonSchema {
  const description = described(commentOf(message.typeName, field.name));
  switch (field.fieldKind) {
    case "list":
      return { type: "array", ...description, items: oneSchema(field) };
    case "map":
      return { type: "object", ...description, additionalProperties: oneSchema(field) };
    default:
      return { ...oneSchema(field), ...description };
  }
}

/** Of a field, of an element or of an entry's value. */
function oneSchema(field: DescField): JsonSchema {
  if (field.enum !== undefined) return refTo(field.enum);
  if (field.message !== undefined) return refTo(field.message);
  return field.scalar === undefined ? {} : SCALARS[field.scalar];
}

/** The messages and enums that a message holds, with itself. */
export function reachable(
  message: DescMessage,
  found: Set<DescMessage | DescEnum> = new Set(),
): Set<DescMessage | DescEnum> {
  if (found.has(message)) return found;
  found.add(message);
  for (const field of message.fields) {
    if (field.message !== undefined) reachable(field.message, found);
    if (field.enum !== undefined) found.add(field.enum);
  }
  return found;
}

export const described = (description: string) => description === "" ? {} : { description };

const pairs = (names: readonly string[]): string[][] =>
  names.flatMap((one, i) => names.slice(i + 1).map((other) => [one, other]));
