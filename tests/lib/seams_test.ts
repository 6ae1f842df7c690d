// The seams of docs/architecture.md that a stray import would cut.
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";
import { REPO_ROOT } from "../../src/cli/root.ts";

/** What a folder's product files may import; a path stands for all below it. */
const SEAMS: Record<string, string[]> = {
  "src/http2": ["src/http2"],
  "src/grpc": ["src/http2", "src/grpc", "@grpc/grpc-js", "protobufjs", "node:"],
  "src/transport": ["src/transport", "src/grpc/conn.ts", "@gatehouse/vsock", "vsock", "node:"],
  "vsock": ["vsock", "node:"],
};

/** A test's or a benchmark's imports are its own affair. */
const PRODUCT = /^(?!.*_(test|bench|testkit)\.ts$).*\.ts$/;

const IMPORT = /^(?:import|export|\}).*?\bfrom "([^"]+)";|^import "([^"]+)"|\bimport\("([^"]+)"/gm;

async function* imports(folder: string): AsyncGenerator<{ file: string; target: string }> {
  for await (const { name, isFile } of Deno.readDir(join(REPO_ROOT, folder))) {
    if (!isFile || !PRODUCT.test(name)) continue;
    const file = join(folder, name);
    const text = await Deno.readTextFile(join(REPO_ROOT, file));
    for (const [, from, bare, dynamic] of text.matchAll(IMPORT)) {
      const target = from ?? bare ?? dynamic;
      yield {
        file,
        target: target.startsWith(".") ? relative(REPO_ROOT, join(REPO_ROOT, dirname(file), target)) : target,
      };
    }
  }
}

test.each(Object.entries(SEAMS))("%s imports only what its seam allows", async (folder, allowed) => {
  let seen = 0;
  for await (const { file, target } of imports(folder)) {
    seen++;
    const ok = allowed.some((one) =>
      target === one || target.startsWith(one.endsWith(":") ? one : `${one}/`)
    );
    expect(ok, `${file} imports ${target}`).toBe(true);
  }
  expect(seen).toBeGreaterThan(3);
});
