// connect-es's gRPC-Web client, as a page would use it, for methods of our protos.
// Must never know how ours is made: it has protobuf-es's own messages.
import {
  create,
  createFileRegistry,
  type DescMethodServerStreaming,
  type DescMethodUnary,
} from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type { Transport } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { registry } from "../../src/gateway/rest/schema.ts";

export const webTransport = (url: string): Transport =>
  createGrpcWebTransport({ baseUrl: url, useBinaryFormat: true });

/** A method by its path and the names of its messages. */
function methodOf(path: string, input: string, output: string, serverStreaming: boolean) {
  const [, service, name] = path.split("/");
  const packageName = service.slice(0, service.lastIndexOf("."));
  const files = [...registry.files];
  const file: FileDescriptorProto = create(FileDescriptorProtoSchema, {
    name: `test/${service}/${name}.proto`,
    package: packageName,
    syntax: "proto3",
    dependency: files.map(({ proto }) => proto.name),
    service: [{
      name: service.slice(packageName.length + 1),
      method: [{ name, inputType: `.${input}`, outputType: `.${output}`, serverStreaming }],
    }],
  });
  const made = createFileRegistry(file, (wanted) => files.find(({ proto }) => proto.name === wanted));
  const found = made.getService(service)?.methods[0];
  if (found === undefined) throw new Error(`${path} wasn't made`);
  return found;
}

export function unaryMethod(path: string, input: string, output: string): DescMethodUnary {
  const method = methodOf(path, input, output, false);
  return method as DescMethodUnary;
}

export function streamMethod(path: string, input: string, output: string): DescMethodServerStreaming {
  const method = methodOf(path, input, output, true);
  return method as DescMethodServerStreaming;
}
