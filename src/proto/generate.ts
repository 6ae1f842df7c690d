// Writes generated.ts from proto/: the descriptors as JSON (so that a bundle
// needs no .proto file at run time; the API's with its comments, for OpenAPI) and a TypeScript type for every message.
// `deno task proto` runs it; generate_test.ts fails when its result is stale.
import protobuf from "protobufjs";

const PROTO_DIR = new URL("../../proto/", import.meta.url).pathname;

/** What the product serves (reflection shows these), and what it uses inside; relative to proto/. */
const API_FILES = [
  "echo.proto",
  "crypto.proto",
  "gatehouse/v1/access.proto",
  "gatehouse/v1/backup.proto",
  "gatehouse/v1/config.proto",
  "gatehouse/v1/crypto.proto",
  "gatehouse/v1/diagnostics.proto",
  "gatehouse/v1/keys.proto",
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

/** Whose names stay as they are. */
const OWN_PACKAGE = "gatehouse.v1";

/**
 * A name of another package than our own has that package's last word before it, unless it begins with it: `echo.EchoRequest`
 * is EchoRequest, `crypto.SignRequest` CryptoSignRequest, `gatehouse.signer.v1.Caller` SignerCaller, `google.rpc.Status`
 * RpcStatus; `gatehouse.v1.Admin` is Admin. Field names stay as the .proto has them.
 */
function typeName(type: protobuf.ReflectionObject): string {
  const name = capitalized(namesIn(type));
  const { fullName } = packageOf(type);
  const own = fullName.slice(1);
  if (own === OWN_PACKAGE) return name;
  const words = own.split(".").filter((word) => !/^v\d+$/.test(word));
  const prefix = capitalized(words.slice(-1));
  return name.startsWith(prefix) ? name : prefix + name;
}

/** The namespace outside of all messages. */
function packageOf(type: protobuf.ReflectionObject): protobuf.ReflectionObject {
  let at = type;
  while (at.parent !== null && (at === type || at instanceof protobuf.Type)) at = at.parent;
  return at;
}

/** The names of a type and of the messages that it stands in, outermost first. */
function namesIn(type: protobuf.ReflectionObject): string[] {
  return type.parent instanceof protobuf.Type ? [...namesIn(type.parent), type.name] : [type.name];
}

const capitalized = (names: string[]) => names.map((name) => name[0].toUpperCase() + name.slice(1)).join("");

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

/** @param out the texts by the types' full names: what both roots have is written once */
function walk(namespace: protobuf.NamespaceBase, out: Map<string, string>): void {
  for (const child of namespace.nestedArray) {
    if (child instanceof protobuf.Enum) out.set(child.fullName, enumTypes(child));
    else if (child instanceof protobuf.Type) {
      out.set(child.fullName, messageTypes(child));
      walk(child, out);
    } else if (child instanceof protobuf.Namespace) walk(child, out);
  }
}

function load(files: string[]): protobuf.Root {
  const root = new protobuf.Root();
  // google/protobuf/* come with protobufjs, everything else from proto/. Options are kept by name: what declares them
  // (google/api) is for other compilers.
  root.resolvePath = (_origin, target) => {
    if (target.startsWith("google/api/")) return null;
    return target.startsWith("google/protobuf/") ? target : PROTO_DIR + target;
  };
  root.loadSync(files, { keepCase: true, alternateCommentMode: true });
  root.resolveAll();
  return root;
}

/** What has no comment says so by null. */
const withoutNull = (_name: string, value: unknown): unknown => value ?? undefined;

/** The whole text of generated.ts. */
export function generate(): string {
  const api = load(API_FILES);
  const internal = load(INTERNAL_FILES);
  const types = new Map<string, string>();
  walk(api, types);
  walk(internal, types);
  return `// Generated from proto/ by \`deno task proto\`. Don't edit.\n` +
    `import type Long from "long";\n\n` +
    [...types.values()].join("\n") +
    `\nexport const API_DESCRIPTORS = ${
      JSON.stringify(api.toJSON({ keepComments: true }), withoutNull, 1)
    };\n` +
    `\nexport const INTERNAL_DESCRIPTORS = ${JSON.stringify(internal.toJSON(), null, 1)};\n`;
}

if (import.meta.main) Deno.writeTextFileSync(new URL("./generated.ts", import.meta.url), generate());
