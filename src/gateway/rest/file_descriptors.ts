// protobufjs's descriptors as google.protobuf.FileDescriptorProto, one file a package.
// protobufjs's own conversion names map entries otherwise than protoc, leaves type names relative and takes an `optional`
// for a oneof. Must never change a name or a number.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  DescriptorProtoSchema,
  type EnumDescriptorProto,
  EnumDescriptorProtoSchema,
  type FieldDescriptorProto,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FieldDescriptorProtoSchema,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import { protoCamelCase } from "@bufbuild/protobuf/reflect";
import protobuf from "protobufjs";

const SCALARS: Readonly<Record<string, Type>> = {
  double: Type.DOUBLE,
  float: Type.FLOAT,
  int32: Type.INT32,
  uint32: Type.UINT32,
  sint32: Type.SINT32,
  fixed32: Type.FIXED32,
  sfixed32: Type.SFIXED32,
  int64: Type.INT64,
  uint64: Type.UINT64,
  sint64: Type.SINT64,
  fixed64: Type.FIXED64,
  sfixed64: Type.SFIXED64,
  bool: Type.BOOL,
  string: Type.STRING,
  bytes: Type.BYTES,
};

/** The packages whose messages have a JSON form of their own, and come with @bufbuild/protobuf. */
const WELL_KNOWN_PACKAGE = "google.protobuf";

/**
 * @param only one package; default: all that have messages
 * @param dependency files that they import; their own packages must not import each other
 */
export function fileDescriptors(
  root: protobuf.NamespaceBase,
  only?: string,
  dependency: readonly string[] = [],
): FileDescriptorProto[] {
  return packagesIn(root)
    .filter(({ fullName }) => only === undefined || fullName === `.${only}`)
    .filter(({ fullName }) => fullName !== `.${WELL_KNOWN_PACKAGE}`)
    .map((namespace) => {
      const name = namespace.fullName.slice(1);
      return create(FileDescriptorProtoSchema, {
        name: `${name.replaceAll(".", "/")}.proto`,
        package: name,
        syntax: "proto3",
        dependency: [...dependency],
        messageType: namespace.nestedArray.filter(isMessage).map(message),
        enumType: namespace.nestedArray.filter(isEnum).map(enumeration),
      });
    });
}

/** Namespaces with messages or enums right in them. */
function packagesIn(namespace: protobuf.NamespaceBase): protobuf.NamespaceBase[] {
  const inner = namespace.nestedArray.filter((child): child is protobuf.Namespace =>
    child instanceof protobuf.Namespace && !isMessage(child) && !(child instanceof protobuf.Service)
  ).flatMap(packagesIn);
  return namespace.nestedArray.some((child) => isMessage(child) || isEnum(child))
    ? [namespace, ...inner]
    : inner;
}

const isMessage = (child: protobuf.ReflectionObject): child is protobuf.Type =>
  child instanceof protobuf.Type;
const isEnum = (child: protobuf.ReflectionObject): child is protobuf.Enum => child instanceof protobuf.Enum;

function message(type: protobuf.Type): DescriptorProto {
  const maps = type.fieldsArray.flatMap((field: protobuf.FieldBase) =>
    field instanceof protobuf.MapField ? [field] : []
  );
  // What an `optional` field stands in alone comes after all others (descriptor.proto, proto3_optional).
  const oneofs = [...type.oneofsArray].sort((a, b) => Number(isOptional(a)) - Number(isOptional(b)));
  return create(DescriptorProtoSchema, {
    name: type.name,
    field: type.fieldsArray.map((field) => fieldOf(field, oneofs)),
    nestedType: [...type.nestedArray.filter(isMessage).map(message), ...maps.map(mapEntry)],
    enumType: type.nestedArray.filter(isEnum).map(enumeration),
    oneofDecl: oneofs.map(({ name }) => ({ name })),
  });
}

const isOptional = ({ fieldsArray }: protobuf.OneOf) =>
  fieldsArray.length === 1 && fieldsArray[0].options?.proto3_optional === true;

function fieldOf(field: protobuf.Field, oneofs: readonly protobuf.OneOf[]): FieldDescriptorProto {
  const repeated = field.repeated || field.map;
  return create(FieldDescriptorProtoSchema, {
    name: field.name,
    jsonName: protoCamelCase(field.name),
    number: field.id,
    label: repeated ? Label.REPEATED : Label.OPTIONAL,
    ...(field.map
      ? { type: Type.MESSAGE, typeName: `${field.parent?.fullName}.${entryName(field)}` }
      : typeOf(field)),
    ...(field.partOf && {
      oneofIndex: oneofs.indexOf(field.partOf),
      proto3Optional: isOptional(field.partOf),
    }),
  });
}

function typeOf(
  { type, resolvedType }: protobuf.FieldBase,
): MessageInitShape<typeof FieldDescriptorProtoSchema> {
  if (resolvedType === null) return { type: SCALARS[type] };
  return { type: isEnum(resolvedType) ? Type.ENUM : Type.MESSAGE, typeName: resolvedType.fullName };
}

/** As protoc names it: `labels` is LabelsEntry. */
const entryName = ({ name }: protobuf.FieldBase) =>
  `${name.split("_").map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("")}Entry`;

function mapEntry(field: protobuf.MapField): DescriptorProto {
  return create(DescriptorProtoSchema, {
    name: entryName(field),
    field: [
      { name: "key", number: 1, label: Label.OPTIONAL, type: SCALARS[field.keyType] },
      { name: "value", number: 2, label: Label.OPTIONAL, ...typeOf(field) },
    ],
    options: { mapEntry: true },
  });
}

function enumeration(type: protobuf.Enum): EnumDescriptorProto {
  return create(EnumDescriptorProtoSchema, {
    name: type.name,
    value: Object.entries(type.values).map(([name, number]) => ({ name, number })),
  });
}
