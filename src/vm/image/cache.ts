// The builder's cache: finished layers and images under their keys, drafts beside
// them. A draft becomes an image by one rename, or is swept away; no half of one stays.

import { join } from "node:path";
import { throwIfCancelled } from "../errors.ts";
import { removeTree } from "./root_tree.ts";
import { ToolFailed } from "./run.ts";

/** Images kept besides the newest: enough to go back, and for VMs that still run one. */
const KEPT_IMAGES = 4;
const KEPT_BASES = 2;
/** How often a build that waits for another one looks again, in milliseconds. */
const LOCK_POLL_MS = 200;

/** A killed build's tools are given half a minute to notice. */
const SWEEP_TRIES = 30;
const SWEEP_PAUSE_MS = 1_000;

const DRAFT = "draft-";
const BASE = "base-";

export function imageDir(cacheDir: string, key: string): string {
  return join(cacheDir, key);
}

export function baseDir(cacheDir: string, key: string): string {
  return join(cacheDir, `${BASE}${key}`);
}

export function debsDir(cacheDir: string): string {
  return join(cacheDir, "debs");
}

/** Runs `work` with the cache to itself, waiting for another build to end. The lock goes with the process. */
export async function withCacheLock<T>(
  cacheDir: string,
  onWait: () => void,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  await Deno.mkdir(cacheDir, { recursive: true });
  using file = await Deno.open(join(cacheDir, "lock"), { create: true, write: true });
  while (!(await file.tryLock(true))) {
    onWait();
    await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
    throwIfCancelled(signal);
  }
  return await work();
}

/** Removes drafts of builds that died. Only with the lock held: then every draft is a dead one's. */
export async function sweepDrafts(cacheDir: string, signal?: AbortSignal): Promise<void> {
  for await (const entry of Deno.readDir(cacheDir)) {
    if (entry.name.startsWith(DRAFT)) await sweep(join(cacheDir, entry.name), signal);
  }
}

/** A killed build's mmdebstrap may still be writing; it ends by itself once its tree is gone. */
async function sweep(draft: string, signal: AbortSignal | undefined): Promise<void> {
  for (let tries = 1;; tries++) {
    try {
      return await removeTree(draft);
    } catch (error) {
      if (!(error instanceof ToolFailed) || tries === SWEEP_TRIES) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, SWEEP_PAUSE_MS));
    throwIfCancelled(signal);
  }
}

/**
 * Fills a new directory and gives it its final name. When `fill` throws, nothing is left of it.
 * @returns the final directory
 */
export async function publish(
  cacheDir: string,
  finalDir: string,
  fill: (draft: string) => Promise<void>,
): Promise<string> {
  const draft = await Deno.makeTempDir({ dir: cacheDir, prefix: DRAFT });
  // A user namespace's root must get in; makeTempDir leaves that to the owner alone.
  await Deno.chmod(draft, 0o755);
  try {
    await fill(draft);
    await removeTree(finalDir);
    await Deno.rename(draft, finalDir);
    return finalDir;
  } catch (error) {
    await removeTree(draft);
    throw error;
  }
}

/** Marks as just used, for `prune`. */
export async function touch(dir: string): Promise<void> {
  const now = new Date();
  await Deno.utime(dir, now, now).catch((error: unknown) => {
    // Another user's cache can be read all the same.
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
  });
}

/** Removes the images and base layers that were longest unused. */
export async function prune(cacheDir: string): Promise<void> {
  const images: { path: string; usedMs: number }[] = [];
  const bases: typeof images = [];
  for await (const entry of Deno.readDir(cacheDir)) {
    const kind = entry.name.startsWith(BASE) ? bases : /^[0-9a-f]{32}$/.test(entry.name) ? images : undefined;
    if (kind === undefined) continue;
    const path = join(cacheDir, entry.name);
    kind.push({ path, usedMs: (await Deno.stat(path)).mtime?.getTime() ?? 0 });
  }
  for (const [kind, keep] of [[images, KEPT_IMAGES], [bases, KEPT_BASES]] as const) {
    kind.sort((a, b) => b.usedMs - a.usedMs);
    for (const old of kind.slice(keep)) await removeTree(old.path);
  }
}
