// Query parameters and path variables as the JSON of a message (google/api/http.proto): nested fields by dots, repeated
// ones by repetition, maps as `labels[name]=value`. Must never take a field from two places.
import {
  create,
  type DescField,
  type DescMessage,
  type JsonValue,
  mergeFromJson,
  type Message,
  ScalarType,
} from "@bufbuild/protobuf";
import { badRequest } from "./bad_request.ts";
import { fieldAt } from "./fields.ts";
import { expectation } from "./json_fault.ts";

/** So many parameters are read; no request has as many fields. */
const MAX_PARAMETERS = 1024;

type JsonObject = { [name: string]: JsonValue };

const PARAMETER = /^([A-Za-z0-9_.]+)(?:\[(.*)\])?$/s;

/** A request's fields from the query. @throws GrpcError INVALID_ARGUMENT */
export function messageOfQuery(type: DescMessage, query: URLSearchParams, taken: Iterable<string>): Message {
  if (query.size > MAX_PARAMETERS) throw badRequest([], `a query has at most ${MAX_PARAMETERS} parameters`);
  const fixed = new Set([...taken].map((path) => fieldAt(type, path)));
  const message = create(type);
  const seen = new Set<string>();
  for (const name of new Set(query.keys())) {
    const [, path = "", key] = PARAMETER.exec(name) ?? [];
    const field = path === "" ? undefined : fieldAt(type, path);
    if (field === undefined || (key !== undefined) !== (field.fieldKind === "map")) {
      throw badRequest([name], `is no query parameter of this method; ${parametersOf(type)}`);
    }
    if (fixed.has(field)) throw badRequest([name], "stands in the path already");
    const place = placeOf(type, path, key);
    const values = query.getAll(name);
    if (seen.has(place) || (values.length > 1 && field.fieldKind !== "list")) {
      throw badRequest([name], "is there twice, or beside another one of which only one may be given");
    }
    seen.add(place);
    merge(type, message, path, field, jsonOf(field, values, key), [name]);
  }
  return message;
}

/** Sets one field from the path. @throws GrpcError INVALID_ARGUMENT */
export function setFromPath(type: DescMessage, message: Message, path: string, text: string): void {
  const field = fieldAt(type, path);
  if (field === undefined) throw new Error(`no field ${path} in ${type.typeName}`);
  merge(type, message, path, field, jsonOf(field, [text]), [path]);
}

function merge(
  type: DescMessage,
  message: Message,
  path: string,
  field: DescField,
  value: JsonValue,
  name: string[],
): void {
  try {
    mergeFromJson(type, message, nested(path, value));
  } catch {
    throw badRequest(
      name,
      expectation(field).replace("expects an array", "expects its elements, one a parameter"),
    );
  }
}

const nested = (path: string, value: JsonValue): JsonObject =>
  path.split(".").reverse().reduce<JsonValue>((inner, name) => ({ [name]: inner }), value) as JsonObject;

/** What can be given once only: a field by whichever of its names, all of a oneof, an entry of a map. */
function placeOf(type: DescMessage, path: string, key?: string): string {
  const names = path.split(".");
  const fields = names.map((_, i) => fieldAt(type, names.slice(0, i + 1).join(".")));
  const place = fields.map((field) => field?.oneof?.name ?? field?.jsonName).join(".");
  return key === undefined ? place : `${place}[${key}]`;
}

function jsonOf(field: DescField, texts: readonly string[], key?: string): JsonValue {
  const values = texts.map((text): JsonValue => {
    // Of an enum: its number as well as its name. Other numbers may be strings in JSON, these may not.
    if (field.enum !== undefined) return /^-?\d{1,10}$/.test(text) ? Number(text) : text;
    return field.scalar === ScalarType.BOOL && (text === "true" || text === "false") ? text === "true" : text;
  });
  if (key !== undefined) return { [key]: values[0] };
  return field.fieldKind === "list" ? values : values[0];
}

function parametersOf({ fields }: DescMessage): string {
  if (fields.length === 0) return "it takes none";
  const names = fields.map(({ jsonName, fieldKind }) => fieldKind === "map" ? `${jsonName}[name]` : jsonName);
  return `there are ${names.join(", ")}`;
}
