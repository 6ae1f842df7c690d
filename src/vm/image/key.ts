// What an image is made of, as a name: the same inputs give the same name and so
// the cached image. Whatever changes an image must go in here.

import { join } from "node:path";
import { filesBelow, hashFile, KeyHash } from "./hash.ts";

/** Programs that go into the image, as files on this machine. */
export interface ImageInputs {
  readonly deno: string;
  readonly signer: string;
  readonly edge: string;
  readonly agentBundle: string;
}

/** Files of image/ that decide which packages are installed, and how. */
const BASE_DECLARATIONS = /^(packages|suites|dpkg\.cfg|lock\.json|sysusers\.d\/.*)$/;
/** The code that does it. */
const BASE_RECIPE = ["base.ts", "lock.ts", "sources.ts"];

/** The name of the base layer: the packages alone, none of our own files. */
export async function baseKey(repoRoot: string): Promise<string> {
  const key = new KeyHash();
  const declared = (await filesBelow(join(repoRoot, "image"))).filter((path) => BASE_DECLARATIONS.test(path));
  for (const path of declared) key.add(path, await hashFile(join(repoRoot, "image", path)));
  for (const name of BASE_RECIPE) key.add(name, await hashFile(join(repoRoot, "src/vm/image", name)));
  return key.digest();
}

/** The name of the whole image: everything in image/, the builder itself and the programs. */
export async function imageKey(repoRoot: string, inputs: ImageInputs): Promise<string> {
  const key = new KeyHash();
  for (const path of await filesBelow(join(repoRoot, "image"))) {
    key.add(`image/${path}`, await hashFile(join(repoRoot, "image", path)));
  }
  const recipe = (await filesBelow(join(repoRoot, "src/vm/image"))).filter((path) =>
    !path.endsWith("_test.ts")
  );
  for (const path of recipe) key.add(`builder/${path}`, await hashFile(join(repoRoot, "src/vm/image", path)));
  for (const name of ["deno", "signer", "edge", "agentBundle"] as const) {
    key.add(name, await hashFile(inputs[name]));
  }
  return key.digest();
}
