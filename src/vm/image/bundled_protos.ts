// grpc-health-check and @grpc/reflection read .proto files beside their code when
// they start. A bundle has no files beside it: this esbuild plugin puts those
// files' descriptors into the bundle and has the packages find them there.

import { dirname, join } from "node:path";
import type { Plugin } from "esbuild";
import protobuf from "protobufjs";

const LOADER = "@grpc/proto-loader";
/** Whose loader is replaced, and which files each reads. */
const READERS: { readonly importer: RegExp; readonly protos: readonly string[] }[] = [
  { importer: /[/]grpc-health-check[/]build[/]src[/]/, protos: ["health/v1/health.proto"] },
  {
    importer: /@grpc[/]reflection[/]build[/]src[/]/,
    protos: ["grpc/reflection/v1/reflection.proto", "grpc/reflection/v1alpha/reflection.proto"],
  },
];

/** `loadSync` of the two packages gives the descriptors that were read while bundling. */
export function bundledProtos(): Plugin {
  return {
    name: "bundled-protos",
    setup(build) {
      build.onResolve({ filter: /^@grpc\/proto-loader$/ }, ({ importer, namespace }) => {
        const reader = namespace === "file" && READERS.find((each) => each.importer.test(importer));
        return reader
          ? { path: importer, namespace: "bundled-protos", pluginData: reader.protos }
          : undefined;
      });
      build.onLoad({ filter: /./, namespace: "bundled-protos" }, ({ path, pluginData }) => ({
        contents: loaderOf(path, pluginData as readonly string[]),
        resolveDir: dirname(path),
        loader: "js",
      }));
    },
  };
}

/** A module that is the importer's own proto-loader, but knows these files by heart. */
function loaderOf(importer: string, protos: readonly string[]): string {
  const protoDir = join(importer.slice(0, importer.lastIndexOf("/build/src/")));
  const known: Record<string, unknown> = {};
  for (const proto of protos) {
    known[proto] = { kept: descriptors(protoDir, proto, true), camel: descriptors(protoDir, proto, false) };
  }
  return `
    const loader = require(${JSON.stringify(LOADER)});
    const known = ${JSON.stringify(known)};
    module.exports = {
      ...loader,
      loadSync(file, options) {
        const name = Object.keys(known).find((each) => file.endsWith(each));
        if (name === undefined) throw new Error(file + " was not put into this bundle");
        return loader.fromJSON(options.keepCase ? known[name].kept : known[name].camel, options);
      },
    };`;
}

function descriptors(packageDir: string, proto: string, keepCase: boolean): object {
  const root = new protobuf.Root();
  // One package keeps them in proto/, the other in build/proto/.
  const dirs = [join(packageDir, "proto"), join(packageDir, "build/proto")];
  const dir = dirs.find((each) => exists(join(each, proto)));
  if (dir === undefined) throw new Error(`${packageDir} has no ${proto}`);
  root.resolvePath = (_origin, target) => target.startsWith("google/protobuf/") ? target : join(dir, target);
  root.loadSync(proto, { keepCase });
  root.resolveAll();
  return root.toJSON();
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
