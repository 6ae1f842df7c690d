// manifest.json beside an image: how to boot it and what is in it. Written last, so
// a directory without one is no image.

import { join } from "node:path";
import { z } from "zod";
import { GatehouseError } from "../errors.ts";
import type { Drift } from "./lock.ts";

const drift = z.strictObject({
  name: z.string(),
  locked: z.string().optional(),
  installed: z.string().optional(),
  content: z.literal(true).optional(),
});

const manifest = z.strictObject({
  /** Hash of all that went into the image; the directory's name. */
  key: z.string().regex(/^[0-9a-f]{32}$/),
  kernelVersion: z.string(),
  /** For QEMU's -append, complete: it names the root, the console and what a panic does. */
  kernelCommandLine: z.string(),
  /** The root partition, found by it whatever the order of the drives. */
  rootPartuuid: z.string(),
  /** How the packages differ from image/lock.json; empty when they don't. */
  drift: z.array(drift),
  sha256: z.strictObject({ vmlinuz: z.string(), rootfs: z.string() }),
  rootfsBytes: z.number().int(),
  builtAt: z.string(),
});

export type Manifest = z.infer<typeof manifest>;

/** An image on disk. */
export interface BuiltImage {
  readonly dir: string;
  readonly kernel: string;
  /** The disk with the read-only root: GPT, raw. */
  readonly root: string;
  readonly commandLine: string;
  /** Path of manifest.json. */
  readonly manifest: string;
  readonly drift: readonly Drift[];
}

export const KERNEL_FILE = "vmlinuz";
export const ROOT_FILE = "rootfs.img";
const MANIFEST_FILE = "manifest.json";

/** The image in `dir`, or undefined when there is none. @throws GatehouseError on a damaged one */
export async function readImage(dir: string): Promise<BuiltImage | undefined> {
  const path = join(dir, MANIFEST_FILE);
  let text: string;
  try {
    text = await Deno.readTextFile(path);
    await Promise.all([Deno.stat(join(dir, KERNEL_FILE)), Deno.stat(join(dir, ROOT_FILE))]);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  const parsed = manifest.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new GatehouseError(
      "missing-image",
      `${path} can't be understood: ${parsed.error.issues[0].message}`,
      `remove ${dir}; the next up builds it again`,
    );
  }
  return {
    dir,
    kernel: join(dir, KERNEL_FILE),
    root: join(dir, ROOT_FILE),
    commandLine: parsed.data.kernelCommandLine,
    manifest: path,
    drift: parsed.data.drift,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export async function writeManifest(dir: string, value: Manifest): Promise<void> {
  await Deno.writeTextFile(join(dir, MANIFEST_FILE), JSON.stringify(value, null, 2) + "\n");
}
