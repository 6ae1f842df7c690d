// Builds the VM's image, or finds the one that these inputs made before. Two layers:
// Debian's packages (a minute, seldom) and our files over them (seconds). The cache
// never holds half an image, whatever ends the build.

import { basename, join } from "node:path";
import { freeDiskBytes } from "../disk_space.ts";
import { GatehouseError, throwIfCancelled } from "../errors.ts";
import { type Base, buildBase, readBase } from "./base.ts";
import { baseDir, debsDir, imageDir, prune, publish, sweepDrafts, touch, withCacheLock } from "./cache.ts";
import { list } from "./declarations.ts";
import { makeDisk } from "./disk.ts";
import { hashFile } from "./hash.ts";
import { baseKey, type ImageInputs, imageKey } from "./key.ts";
import { compareLock, describeDrift, parseLock, refuseDrift } from "./lock.ts";
import { type BuiltImage, KERNEL_FILE, readImage, ROOT_FILE, writeManifest } from "./manifest.ts";
import { stageOverlay } from "./overlay.ts";
import { makeTree, removeTree } from "./root_tree.ts";
import { ToolFailed } from "./run.ts";

export { type ImageInputs, imageKey } from "./key.ts";
export type { BuiltImage } from "./manifest.ts";

/** What a whole build takes on disk at its height: package files, base layer, tree and image. */
const BUILD_BYTES = 1_500_000_000;
/** The same with a base layer at hand. */
const ASSEMBLE_BYTES = 800_000_000;

export interface BuildProgress {
  readonly step: string;
  readonly detail?: string;
  /** 0 to 1 within the step. */
  readonly fraction?: number;
}

export interface BuildOptions {
  readonly repoRoot: string;
  /** Where layers, package files and images are kept, such as .cache/image. */
  readonly cacheDir: string;
  readonly inputs: ImageInputs;
  /** True: packages that differ from image/lock.json are an error. False: a report. */
  readonly locked?: boolean;
  readonly onProgress: (line: BuildProgress) => void;
  readonly signal?: AbortSignal;
}

/**
 * The cached image of these inputs, or undefined.
 *
 * @throws GatehouseError when an input is missing, the image is damaged, or `locked` and it differs from the lock
 */
export async function findImage(
  options: Pick<BuildOptions, "repoRoot" | "cacheDir" | "inputs" | "locked">,
): Promise<BuiltImage | undefined> {
  await checkInputs(options.inputs);
  const image = await findByKey(options.cacheDir, await imageKey(options.repoRoot, options.inputs));
  if (image !== undefined && options.locked) refuseDrift(image.drift);
  return image;
}

async function findByKey(cacheDir: string, key: string): Promise<BuiltImage | undefined> {
  const image = await readImage(imageDir(cacheDir, key));
  if (image !== undefined) await touch(image.dir);
  return image;
}

/**
 * Gives the image of these inputs, built now unless it is cached.
 *
 * @throws GatehouseError `cancelled` after an abort (nothing half-made is left), `disk-full`,
 * `missing-tool`, or `missing-image` for what else keeps it from being built
 */
export async function buildImage(options: BuildOptions): Promise<BuiltImage> {
  const { repoRoot, cacheDir, inputs, signal } = options;
  await checkInputs(inputs);
  const key = await imageKey(repoRoot, inputs);
  const image = await findByKey(cacheDir, key) ?? await buildUnderLock(options, key);
  if (options.locked) refuseDrift(image.drift);
  else {for (const drift of image.drift) {
      options.onProgress({ step: "image drift", detail: describeDrift(drift) });
    }}
  throwIfCancelled(signal);
  return image;
}

async function buildUnderLock(options: BuildOptions, key: string): Promise<BuiltImage> {
  const { cacheDir, signal, onProgress } = options;
  const onWait = () => onProgress({ step: "build image", detail: "waiting for another build" });
  try {
    return await withCacheLock(cacheDir, onWait, signal, async () => {
      await sweepDrafts(cacheDir, signal);
      return await findByKey(cacheDir, key) ?? await assemble(options, key);
    });
  } catch (error) {
    throw explain(error, cacheDir);
  }
}

async function assemble(options: BuildOptions, key: string): Promise<BuiltImage> {
  const { repoRoot, cacheDir, inputs, signal, onProgress } = options;
  const declared = join(repoRoot, "image");
  const lock = parseLock(await Deno.readTextFile(join(declared, "lock.json")));
  const base = await provideBase(options, lock);
  const drift = compareLock(lock, base.installed);
  if (options.locked) refuseDrift(drift);
  const report = (detail: string, fraction: number) =>
    onProgress({ step: "assemble image", detail, fraction });
  const dir = await publish(cacheDir, imageDir(cacheDir, key), async (draft) => {
    const tree = join(draft, "root");
    const overlay = join(draft, "overlay");
    await Deno.mkdir(tree);
    await Deno.mkdir(overlay);
    report("laying out our files", 0);
    await stageOverlay(overlay, repoRoot, inputs, base.installed);
    report("unpacking the base layer", 0.2);
    await makeTree({
      tar: base.tar,
      overlay,
      root: tree,
      removed: join(draft, "removed"),
      remove: await Deno.readTextFile(join(declared, "remove")),
      programs: await Deno.readTextFile(join(declared, "programs")),
      signal,
    });
    const kernelVersion = await takeKernel(tree, join(draft, KERNEL_FILE));
    report("writing the disk", 0.5);
    const rootPartuuid = await makeDisk({ tree, file: join(draft, ROOT_FILE), key, signal });
    report("hashing the disk", 0.9);
    const words = list(await Deno.readTextFile(join(declared, "kernel-command-line")));
    await writeManifest(draft, {
      key,
      kernelVersion,
      kernelCommandLine: [`root=PARTUUID=${rootPartuuid}`, ...words].join(" "),
      rootPartuuid,
      drift,
      sha256: {
        vmlinuz: await hashFile(join(draft, KERNEL_FILE)),
        rootfs: await hashFile(join(draft, ROOT_FILE)),
      },
      rootfsBytes: (await Deno.stat(join(draft, ROOT_FILE))).size,
      builtAt: new Date().toISOString(),
    });
    for (const rest of [tree, overlay, join(draft, "removed")]) await removeTree(rest);
  });
  await prune(cacheDir);
  report(`ready in ${basename(dir)}`, 1);
  const image = await readImage(dir);
  if (image === undefined) throw new Error(`${dir} vanished while it was built`);
  return image;
}

async function provideBase(options: BuildOptions, lock: ReturnType<typeof parseLock>): Promise<Base> {
  const { repoRoot, cacheDir, signal, onProgress } = options;
  const dir = baseDir(cacheDir, await baseKey(repoRoot));
  const cached = await readBase(dir);
  await requireSpace(cacheDir, cached === undefined ? BUILD_BYTES : ASSEMBLE_BYTES);
  if (cached !== undefined) {
    await touch(dir);
    return cached;
  }
  const onStep = (detail: string, fraction: number) =>
    onProgress({ step: "install packages", detail, fraction });
  await publish(cacheDir, dir, async (draft) => {
    await buildBase({ repoRoot, into: draft, debsDir: debsDir(cacheDir), lock, onStep, signal });
  });
  const base = await readBase(dir);
  if (base === undefined) throw new Error(`${dir} vanished while it was built`);
  return base;
}

/** Moves the packages' one kernel out of the tree, since QEMU takes it from the host; gives its version. */
async function takeKernel(tree: string, into: string): Promise<string> {
  const modules = join(tree, "usr/lib/modules");
  const versions = [...Deno.readDirSync(modules)].map((entry) => entry.name);
  if (versions.length !== 1) {
    throw new GatehouseError(
      "missing-image",
      `the packages bring ${versions.length} kernels instead of one`,
      "name exactly one kernel in image/packages",
    );
  }
  const kernel = join(modules, versions[0], "vmlinuz");
  await Deno.copyFile(kernel, into);
  await removeTree(kernel);
  return versions[0];
}

async function checkInputs(inputs: ImageInputs): Promise<void> {
  for (const [name, path] of Object.entries(inputs)) {
    try {
      await Deno.stat(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      throw new GatehouseError(
        "missing-image",
        `the image's ${name} is not at ${path}`,
        "build it first; ./gatehouse up does so by itself",
        { cause: error },
      );
    }
  }
}

async function requireSpace(dir: string, bytes: number): Promise<void> {
  const free = await freeDiskBytes(dir);
  if (free >= bytes) return;
  throw new GatehouseError(
    "disk-full",
    `building the image takes ${Math.ceil(bytes / 1e6)} MB in ${dir}, and ${
      Math.floor(free / 1e6)
    } MB are free`,
    "free some space there and run the same command again",
  );
}

/** A full disk shows itself in many tools' words; one error says it for all. Other tools' failures are passed on with a next step. */
function explain(error: unknown, dir: string): unknown {
  if (error instanceof GatehouseError) return error;
  const text = error instanceof ToolFailed
    ? error.lines.join("\n")
    : error instanceof Error
    ? error.message
    : "";
  if (/No space left on device|Could not allocate block|ENOSPC/.test(text)) {
    return new GatehouseError(
      "disk-full",
      `no space was left in ${dir} while the image was built`,
      "free 1.5 GB there and run the same command again",
      { cause: error },
    );
  }
  if (!(error instanceof ToolFailed)) return error;
  return new GatehouseError(
    "missing-image",
    `the image can't be put together: ${error.message}`,
    `see the lines above; if they make no sense, remove ${dir} and run the same command again`,
    { cause: error },
  );
}
