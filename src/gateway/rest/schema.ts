// Every service that is reached by HTTP, with its messages as @bufbuild/protobuf knows them: made once from the same
// descriptors that gRPC serves. Must never hold a type that gRPC doesn't serve, but for the details of refusals.
import { create, createFileRegistry, type DescMessage, type FileRegistry } from "@bufbuild/protobuf";
import {
  file_google_protobuf_any,
  file_google_protobuf_duration,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { service as health } from "grpc-health-check";
import type { Buffer } from "node:buffer";
import protobuf from "protobufjs";
import descriptor from "protobufjs/ext/descriptor.js";
import { API_DESCRIPTORS, INTERNAL_DESCRIPTORS } from "../../proto/mod.ts";
import { fileDescriptors } from "./file_descriptors.ts";

/** Of the refusals' details; the rest of what is internal isn't served. */
const ERROR_PACKAGE = "google.rpc";

/** google.protobuf's own, which have a JSON form of their own. */
const WELL_KNOWN = [file_google_protobuf_any, file_google_protobuf_duration];

/** What a service's definition of a library carries: grpc-js's types leave it out. */
interface Described {
  readonly requestType: { readonly fileDescriptorProtos: readonly Buffer[] };
}

const api = protobuf.Root.fromJSON(API_DESCRIPTORS).resolveAll();
const internal = protobuf.Root.fromJSON(INTERNAL_DESCRIPTORS).resolveAll();

/** Services with a route: ours, and what libraries bring. */
const ROOTS: readonly protobuf.NamespaceBase[] = [
  api,
  libraryRoot(Object.values(health) as unknown as Described[]),
];

function libraryRoot([{ requestType }]: readonly Described[]): protobuf.NamespaceBase {
  const file = requestType.fileDescriptorProtos.map((bytes) => descriptor.FileDescriptorProto.decode(bytes));
  // protobufjs adds it with its extension, which its types don't say.
  const { fromDescriptor } = protobuf.Root as unknown as { fromDescriptor(set: object): protobuf.Root };
  return fromDescriptor({ file }).resolveAll();
}

/** Every message that crosses, and the details of refusals. */
export const registry: FileRegistry = createFileRegistry(create(FileDescriptorSetSchema, {
  file: [
    ...WELL_KNOWN.map(({ proto }) => proto),
    ...ROOTS.flatMap((root) => fileDescriptors(root)),
    ...fileDescriptors(internal, ERROR_PACKAGE, WELL_KNOWN.map(({ proto }) => proto.name)),
  ],
}));

/** @throws Error when there is none of that name: a mistake in the code */
export function messageNamed(name: string): DescMessage {
  const found = registry.getMessage(name.replace(/^\./, ""));
  if (found === undefined) throw new Error(`no message ${name} among those that HTTP serves`);
  return found;
}

/** As protobufjs has it; undefined: there is none of that name. @param name "gatehouse.v1.Key" */
export const reflected = (name: string): protobuf.ReflectionObject | undefined =>
  ROOTS.map((root) => root.lookup(name)).find((one) => one !== null) ?? undefined;

/** What the .proto says at a service, a message or an enum, or at one of its fields or values; empty: nothing. */
export function commentOf(name: string, member?: string): string {
  const found = reflected(name);
  if (member === undefined) return found?.comment ?? "";
  if (found instanceof protobuf.Enum) return found.comments[member] ?? "";
  return found instanceof protobuf.Type ? found.fields[member]?.comment ?? "" : "";
}

/** One method that is reached by HTTP. */
export interface ServedMethod {
  /** "/package.Service/Method" */
  readonly path: string;
  /** "package.Service" */
  readonly service: string;
  readonly name: string;
  readonly request: DescMessage;
  readonly response: DescMessage;
  /** Server-streaming; else unary. */
  readonly streams: boolean;
  /** What the .proto says above it; empty: nothing. */
  readonly comment: string;
  /** google.api.http's rule, as it stands; undefined: none. */
  readonly rule: unknown;
}

/** Every method whose request is one message. */
export const METHODS: readonly ServedMethod[] = ROOTS.flatMap((root) => servicesIn(root)).flatMap((service) =>
  service.methodsArray.filter(({ requestStream }) => requestStream !== true).map((method) =>
    served(service, method)
  )
);

function servicesIn(namespace: protobuf.NamespaceBase): protobuf.Service[] {
  return namespace.nestedArray.flatMap((child) =>
    child instanceof protobuf.Service ? [child] : child instanceof protobuf.Namespace ? servicesIn(child) : []
  );
}

function served(service: protobuf.Service, method: protobuf.Method): ServedMethod {
  const name = service.fullName.slice(1);
  const options: Record<string, unknown>[] = method.parsedOptions ?? [];
  return {
    path: `/${name}/${method.name}`,
    service: name,
    name: method.name,
    request: messageNamed(method.resolvedRequestType?.fullName ?? ""),
    response: messageNamed(method.resolvedResponseType?.fullName ?? ""),
    streams: method.responseStream === true,
    comment: method.comment ?? "",
    rule: options.find((option) => "(google.api.http)" in option)?.["(google.api.http)"],
  };
}
