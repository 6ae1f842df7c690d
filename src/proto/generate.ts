// Writes generated.ts from proto/: the descriptors as JSON (so that a bundle
// needs no .proto file at run time) and a TypeScript type for every message.
// `deno task proto` runs it; generate_test.ts fails when its result is stale.
import protobuf from "protobufjs";

const PROTO_DIR = new URL("../../proto/", import.meta.url).pathname;

/** What the product serves (reflection shows these), and what it uses inside; relative to proto/. */
const API_FILES = [
  "echo.proto",
  "crypto.proto",
  "gatehouse/v1/access.proto",
  "gatehouse/v1/config.proto",
  "gatehouse/v1/status.proto",
];
const INTERNAL_FILES = [
  "gatehouse/signer/v1/signer.proto",
  "google/rpc/status.proto",
  "google/rpc/error_details.proto",
];

const SCALARS: Record<string, [read: string, write: string]> = {
  double: ["number", "number"],
  float: ["number", "number"],
  int32: ["number", "number"],
  uint32: ["number", "number"],
  sint32: ["number", "number"],
  fixed32: ["number", "number"],
  sfixed32: ["number", "number"],
  int64: ["Long", "Long | number | string"],
  uint64: ["Long", "Long | number | string"],
  sint64: ["Long", "Long | number | string"],
  fixed64: ["Long", "Long | number | string"],
  sfixed64: ["Long", "Long | number | string"],
  bool: ["boolean", "boolean"],
  string: ["string", "string"],
  bytes: ["Uint8Array", "Uint8Array"],
};

/**
 * `echo.EchoRequest` becomes EchoRequest, `gatehouse.v1.Admin` Admin, `gatehouse.signer.v1.Key` SignerKey,
 * `google.rpc.Status` RpcStatus. Field names stay as the .proto has them.
 */
function typeName(type: protobuf.ReflectionObject): string {
  const path = type.fullName.replace(/^\./, "").split(".");
  const parts = path[0] !== "gatehouse"
    ? path.slice(1)
    : path[1] === "v1"
    ? path.slice(2)
    : [path[1], ...path.slice(3)];
  return parts.map((part) => part[0].toUpperCase() + part.slice(1)).join("");
}

function fieldTypes(field: protobuf.Field): [read: string, write: string] {
  field.resolve();
  let types: [string, string];
  if (field.resolvedType instanceof protobuf.Enum) types = ["number", "number"];
  else if (field.resolvedType) types = [typeName(field.resolvedType), `${typeName(field.resolvedType)}Init`];
  else types = SCALARS[field.type];
  if (field.map) return [`Record<string, ${types[0]}>`, `Record<string, ${types[1]}>`];
  return field.repeated ? [`${types[0]}[]`, `(${types[1]})[]`] : types;
}

/** A decoded message has every field but those of a oneof, a message or an `optional`; one to be encoded may lack any. */
function messageTypes(type: protobuf.Type): string {
  const read: string[] = [];
  const write: string[] = [];
  for (const field of type.fieldsArray) {
    const [readType, writeType] = fieldTypes(field);
    const absent = field.partOf ||
      (field.resolvedType instanceof protobuf.Type && !field.repeated && !field.map);
    read.push(`  ${field.name}${absent ? "?" : ""}: ${readType}${absent ? " | null" : ""};`);
    write.push(`  ${field.name}?: ${writeType} | null;`);
  }
  return `export interface ${typeName(type)} {\n${read.join("\n")}\n}\n` +
    `export interface ${typeName(type)}Init {\n${write.join("\n")}\n}\n`;
}

function enumTypes(type: protobuf.Enum): string {
  const values = Object.entries(type.values).map(([name, value]) => `  ${name}: ${value},`).join("\n");
  return `export const ${typeName(type)} = {\n${values}\n} as const;\n`;
}

function walk(namespace: protobuf.NamespaceBase, out: string[]): void {
  for (const child of namespace.nestedArray) {
    if (child instanceof protobuf.Enum) out.push(enumTypes(child));
    else if (child instanceof protobuf.Type) {
      out.push(messageTypes(child));
      walk(child, out);
    } else if (child instanceof protobuf.Namespace) walk(child, out);
  }
}

function load(files: string[]): protobuf.Root {
  const root = new protobuf.Root();
  // google/protobuf/* come with protobufjs, everything else from proto/.
  root.resolvePath = (_origin, target) => target.startsWith("google/protobuf/") ? target : PROTO_DIR + target;
  root.loadSync(files, { keepCase: true });
  root.resolveAll();
  return root;
}

/** The whole text of generated.ts. */
export function generate(): string {
  const api = load(API_FILES);
  const internal = load(INTERNAL_FILES);
  const types: string[] = [];
  walk(api, types);
  walk(internal, types);
  return `// Generated from proto/ by \`deno task proto\`. Don't edit.\n` +
    `import type Long from "long";\n\n` +
    types.join("\n") +
    `\nexport const API_DESCRIPTORS = ${JSON.stringify(api.toJSON(), null, 1)};\n` +
    `\nexport const INTERNAL_DESCRIPTORS = ${JSON.stringify(internal.toJSON(), null, 1)};\n`;
}

if (import.meta.main) Deno.writeTextFileSync(new URL("./generated.ts", import.meta.url), generate());
