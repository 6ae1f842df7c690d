// A request and an answer by two JSON mappings that know nothing of each other: the gateway's, and protobufjs's.
// Must never use the gateway's own mapping for gRPC's side.
import type { DescMessage, JsonObject, JsonValue } from "@bufbuild/protobuf";
import protobuf from "protobufjs";
import { fieldNamed } from "../../src/gateway/rest/fields.ts";
import { reflected } from "../../src/gateway/rest/schema.ts";

type Spelling = "name" | "jsonName";

/** The same object with its fields' names in the other spelling. Names in maps stay. */
export function respelled(message: DescMessage, value: JsonObject, spelling: Spelling): JsonObject {
  return Object.fromEntries(
    Object.entries(value).map(([name, given]) => {
      const field = fieldNamed(message, name);
      if (field === undefined) throw new Error(`${message.typeName} has no field ${name}`);
      const { message: inner } = field;
      const one = (each: JsonValue) =>
        inner === undefined ? each : respelled(inner, each as JsonObject, spelling);
      if (field.fieldKind === "list") return [field[spelling], (given as JsonValue[]).map(one)];
      if (field.fieldKind !== "map") return [field[spelling], one(given)];
      const entries = Object.entries(given as JsonObject).map(([key, each]) => [key, one(each)]);
      return [field[spelling], Object.fromEntries(entries)];
    }),
  );
}

function typeNamed(name: string): protobuf.Type {
  const type = reflected(name);
  if (!(type instanceof protobuf.Type)) throw new Error(`no message ${name}`);
  return type;
}

/** @param request with the names of JSON */
export function encoded(message: DescMessage, request: JsonObject): Uint8Array {
  const type = typeNamed(message.typeName);
  return type.encode(type.fromObject(respelled(message, request, "name"))).finish();
}

/** What an answer holds, with the names of JSON; what is absent and has no default is left out. */
export function decoded(message: DescMessage, bytes: Uint8Array): JsonObject {
  const type = typeNamed(message.typeName);
  const options = { longs: String, enums: String, bytes: String, defaults: true };
  const whole = withoutNull(type.toObject(type.decode(bytes), options)) as JsonObject;
  return respelled(message, whole, "jsonName");
}

function withoutNull(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNull);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).filter(([, each]) => each !== null).map((
      [name, each],
    ) => [name, withoutNull(each)]),
  );
}
