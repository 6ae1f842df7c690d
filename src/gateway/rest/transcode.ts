// A request of HTTP into the bytes of its message, the bytes of an answer into JSON (the JSON mapping of proto3).
// Must never let through what isn't in the route's messages.
import {
  create,
  type DescMessage,
  fromBinary,
  fromJson,
  type Message,
  toBinary,
  toJsonString,
} from "@bufbuild/protobuf";
import { badRequest } from "./bad_request.ts";
import { fieldNamed } from "./fields.ts";
import { faultIn, MAX_MESSAGE_DEPTH } from "./json_fault.ts";
import { type JsonNode, JsonSyntaxError, parseJson } from "./json_tree.ts";
import { messageOfQuery, setFromPath } from "./query.ts";
import type { Route } from "./routes.ts";
import { registry } from "./schema.ts";

export interface HttpRequest {
  /** Values of the path's fields, percent-encoded. */
  readonly values: ReadonlyMap<string, string>;
  readonly query: URLSearchParams;
  readonly body: Uint8Array;
}

/** The message of a request. @throws GrpcError INVALID_ARGUMENT, naming the field and, in a body, the byte */
export function requestMessage({ method: { request: type }, inBody }: Route, given: HttpRequest): Message {
  const { values, query, body } = given;
  const message = inBody ? messageOfBody(type, body, values) : messageOfQuery(type, query, values.keys());
  if (inBody && query.size > 0) {
    throw badRequest(
      [...query.keys()].slice(0, 1),
      "this method takes its fields in the body, none in the query",
    );
  }
  if (!inBody && body.length > 0) {
    throw badRequest([], "this method takes its fields in the query: send no body", 0);
  }
  for (const [path, encoded] of values) setFromPath(type, message, path, decoded(path, encoded));
  return message;
}

export const encode = (type: DescMessage, message: Message): Uint8Array => toBinary(type, message);

/** An answer as JSON; every field that isn't `optional` is in it. */
export const answerJson = (type: DescMessage, bytes: Uint8Array): string =>
  toJsonString(type, fromBinary(type, bytes), { alwaysEmitImplicit: true, registry });

/** An empty body is an empty message. */
function messageOfBody(type: DescMessage, body: Uint8Array, values: ReadonlyMap<string, string>): Message {
  if (body.length === 0) return create(type);
  const node = readJson(body);
  for (const path of values.keys()) refuseTwice(type, node, path, values);
  try {
    return fromJson(type, node.value, { recursionLimit: MAX_MESSAGE_DEPTH });
  } catch {
    const { path, at, what } = faultIn(type, node);
    throw badRequest(path, what, at);
  }
}

function readJson(body: Uint8Array): JsonNode {
  try {
    return parseJson(body);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw badRequest(error.path, error.message, error.at);
  }
}

/** A field of the path may stand in the body as well, if it says the same. */
function refuseTwice(
  type: DescMessage,
  { members }: JsonNode,
  path: string,
  values: ReadonlyMap<string, string>,
): void {
  const field = fieldNamed(type, path);
  for (const [name, { value, at }] of members ?? []) {
    if (fieldNamed(type, name) === field && value !== decoded(path, values.get(path) ?? "")) {
      throw badRequest([name], "stands in the path already, and says something else there", at);
    }
  }
}

function decoded(path: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw badRequest([path], "the path isn't percent-encoded UTF-8 here");
  }
}
