// Fields of a message by the names that a caller may use for them: those of JSON, and those of the .proto.
// Must never find a field that the message doesn't have itself.
import type { DescField, DescMessage } from "@bufbuild/protobuf";

/** A field by its path, "policy.algorithms", by the names of the .proto or of JSON. */
export function fieldAt(message: DescMessage, path: string): DescField | undefined {
  const [name, ...rest] = path.split(".");
  const field = fieldNamed(message, name);
  if (rest.length === 0) return field;
  return field?.fieldKind === "message" ? fieldAt(field.message, rest.join(".")) : undefined;
}

export const fieldNamed = (message: DescMessage, name: string): DescField | undefined =>
  message.fields.find((field) => field.name === name || field.jsonName === name);
