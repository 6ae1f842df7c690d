// The API's messages and services, in the shape that @grpc/grpc-js gives them.
// 64-bit integers are Long (a timestamp in nanoseconds doesn't fit a double),
// enums are numbers (an unknown one must survive to be refused), fields keep
// the names that the .proto gives them.
import type { MethodDefinition } from "@grpc/grpc-js";
import {
  fromJSON,
  type MessageTypeDefinition,
  type PackageDefinition,
  type ServiceDefinition,
} from "@grpc/proto-loader";
import type { Buffer } from "node:buffer";
import protobuf from "protobufjs";
import { API_DESCRIPTORS, INTERNAL_DESCRIPTORS } from "./generated.ts";
import { serializer } from "./serialize.ts";
import { checkWire, messageRule } from "./strict_wire.ts";

export * from "./generated.ts";

// proto-loader's type of the JSON is protobufjs's, which doesn't know its own `edition` key.
const load = (descriptors: unknown): PackageDefinition =>
  fromJSON(descriptors as Parameters<typeof fromJSON>[0], { keepCase: true, defaults: true, oneofs: false });

/** What is served, for `@grpc/reflection` and grpc-js's `loadPackageDefinition`. */
export const apiPackage: PackageDefinition = load(API_DESCRIPTORS);

const internalPackage = load(INTERNAL_DESCRIPTORS);

const find = (name: string) => apiPackage[name] ?? internalPackage[name];

/**
 * A service whose requests and responses are checked to the byte before they are read.
 * @throws Error when no such service is in proto/: a mistake in the code
 */
export function serviceDefinition(name: string): ServiceDefinition {
  const definition = find(name);
  if (!definition || "format" in definition) throw new Error(`no service ${name} in proto/`);
  const service = [API_DESCRIPTORS, INTERNAL_DESCRIPTORS].map((json) =>
    protobuf.Root.fromJSON(json).resolveAll()
  )
    .map((root) => root.lookup(name)).find((found) => found instanceof protobuf.Service);
  const strict: ServiceDefinition = {};
  for (const [method, each] of Object.entries(definition as ServiceDefinition)) {
    const types = service?.methods[method];
    strict[method] = {
      ...each,
      requestSerialize: serializer(resolved(types?.resolvedRequestType)),
      responseSerialize: serializer(resolved(types?.resolvedResponseType)),
      requestDeserialize: strictly(each.requestDeserialize, resolved(types?.resolvedRequestType)),
      responseDeserialize: strictly(each.responseDeserialize, resolved(types?.resolvedResponseType)),
    };
  }
  return strict;
}

/**
 * A method by its path, "/package.Service/Method", with its messages' types, which the caller knows: definitions are
 * made at run time and don't carry them.
 * @throws Error when there is none in proto/: a mistake in the code
 */
export function methodAt<Request, Response>(path: string): MethodDefinition<Request, Response> {
  const [, service, name] = path.split("/");
  const method = serviceDefinition(service)[name];
  if (method === undefined) throw new Error(`no method ${path} in proto/`);
  return method as unknown as MethodDefinition<Request, Response>;
}

function resolved(type: protobuf.Type | null | undefined): protobuf.Type {
  if (!type) throw new Error("a method without resolved types");
  return type;
}

function strictly<T>(
  deserialize: (bytes: Buffer) => T,
  type: protobuf.Type,
): (bytes: Buffer) => T {
  const rule = messageRule(type);
  return (bytes) => {
    checkWire(bytes, rule);
    return deserialize(bytes);
  };
}

/** @throws Error when no such message is in proto/: a mistake in the code. */
export function messageType<Init extends object, Message extends object>(
  name: string,
): MessageTypeDefinition<Init, Message> {
  const definition = find(name);
  if (!definition || !("serialize" in definition)) throw new Error(`no message ${name} in proto/`);
  return definition as unknown as MessageTypeDefinition<Init, Message>;
}
