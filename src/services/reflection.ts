// gRPC server reflection, v1 and v1alpha, by `@grpc/reflection`: the API and
// health, and nothing of what the agent and the signer say to each other.
import { Buffer } from "node:buffer";
import { ReflectionService } from "@grpc/reflection";
import { service as health } from "grpc-health-check";
import descriptor from "protobufjs/ext/descriptor.js";
import { apiPackage } from "../proto/mod.ts";

/** What a file is found by: the messages in it. */
interface Described {
  fileDescriptorProtos: Buffer[];
}

/** Adds both versions to a server. */
export function addReflection(server: Parameters<ReflectionService["addToServer"]>[0]): void {
  const types: object[] = [
    ...Object.values(apiPackage),
    ...Object.values(health).map(({ requestType }) => requestType),
  ];
  const described = types.filter((type): type is Described => "fileDescriptorProtos" in type)
    .map((type) => ({ ...type, fileDescriptorProtos: type.fileDescriptorProtos.map(asProtocWouldWrite) }));
  // The package has a proto-loader of its own, whose types differ from ours in generics only.
  const pkg = { ...described } as unknown as ConstructorParameters<typeof ReflectionService>[0];
  new ReflectionService(pkg).addToServer(server);
}

/**
 * protobufjs's descriptors differ from protoc's (descriptor.proto) in three places that clients see: a map's
 * entry type has no `Entry` at its end (Go refuses the file), an `optional` looks like a oneof, and JSON names
 * are those of the .proto.
 */
function asProtocWouldWrite(file: Buffer): Buffer {
  const decoded = descriptor.FileDescriptorProto.decode(file) as unknown as {
    messageType?: descriptor.IDescriptorProto[];
  };
  for (const message of decoded.messageType ?? []) mend(message);
  return Buffer.from(descriptor.FileDescriptorProto.encode(decoded).finish());
}

function mend(message: descriptor.IDescriptorProto): void {
  for (const field of message.field ?? []) {
    field.jsonName = camelCase(field.name ?? "");
    const oneof = field.oneofIndex === undefined ? undefined : message.oneofDecl?.[field.oneofIndex];
    if (oneof?.name === `_${field.name}`) field.proto3Optional = true;
  }
  for (const nested of message.nestedType ?? []) {
    mend(nested);
    const field = message.field?.find(({ typeName }) => typeName === nested.name);
    if (!nested.options?.mapEntry || !field?.name || nested.name?.endsWith("Entry")) continue;
    const name = camelCase(field.name);
    nested.name = field.typeName = `${name[0].toUpperCase()}${name.slice(1)}Entry`;
  }
}

const camelCase = (name: string): string =>
  name.replace(/_([a-z0-9])/g, (_, next: string) => next.toUpperCase());
