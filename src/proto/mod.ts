// The API's messages and services, in the shape that @grpc/grpc-js gives them.
// 64-bit integers are Long (a timestamp in nanoseconds doesn't fit a double),
// enums are numbers (an unknown one must survive to be refused), fields keep
// the names that the .proto gives them.
import { fromJSON, type PackageDefinition, type ServiceDefinition } from "@grpc/proto-loader";
import { DESCRIPTORS } from "./generated.ts";

export * from "./generated.ts";

/** What `@grpc/reflection` and `loadPackageDefinition` of grpc-js take. */
export const packageDefinition: PackageDefinition = fromJSON(
  // proto-loader's type of the JSON is protobufjs's, which doesn't know its own `edition` key.
  DESCRIPTORS as unknown as Parameters<typeof fromJSON>[0],
  { keepCase: true, defaults: true, oneofs: false },
);

/** @throws Error when no such service is in proto/: a mistake in the code. */
export function serviceDefinition(name: string): ServiceDefinition {
  const definition = packageDefinition[name];
  if (!definition || "format" in definition) throw new Error(`no service ${name} in proto/`);
  return definition as ServiceDefinition;
}
