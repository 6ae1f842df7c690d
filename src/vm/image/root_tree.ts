// Puts base layer and overlay together as one directory tree with the right owners.
// What the image does without is taken out by two lists of image/.

import { list } from "./declarations.ts";
import { SOURCE_DATE_EPOCH } from "./epoch.ts";
import { run } from "./run.ts";

/**
 * In front of each command that must act as root on the tree: nothing when this is
 * root, else a user namespace with the user's own ranges of /etc/subuid, the same
 * every time, so that owners written by one command are right for the next.
 */
export function asRoot(uid: number | null): string[] {
  return uid === 0 ? [] : ["unshare", "--user", "--map-root-user", "--map-auto", "--"];
}

/**
 * What of the base layer goes: the paths of image/remove, and every program that image/programs doesn't name.
 *
 * @param members the tar file's names, each beginning with "./"
 * @returns paths from the root, without those below another one of them
 */
export function removals(members: readonly string[], remove: string, programs: string): string[] {
  const keep = new Set(list(programs));
  const patterns = list(remove).map(toPattern);
  const found = new Set<string>();
  for (const member of members) {
    const path = member.replace(/^\.\//, "").replace(/\/$/, "");
    if (path === "") continue; // the root itself
    const program = /^usr\/s?bin\/([^/]+)$/.exec(path);
    if (program !== null ? !keep.has(program[1]) : patterns.some((pattern) => pattern.test(path))) {
      found.add(path);
    }
  }
  return [...found];
}

/** "*" stands for anything within one directory. */
function toPattern(glob: string): RegExp {
  return new RegExp(
    `^${glob.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&")).join("[^/]*")}$`,
  );
}

export interface TreeOptions {
  /** The base layer's tar file. */
  readonly tar: string;
  readonly overlay: string;
  /** An empty directory. */
  readonly root: string;
  /** A file for the list of what is removed. */
  readonly removed: string;
  readonly remove: string;
  readonly programs: string;
  readonly signal?: AbortSignal;
}

/** Unpacks, removes, copies the overlay over it and sets every newer time back. */
export async function makeTree(options: TreeOptions): Promise<void> {
  const { tar, root, signal } = options;
  const prefix = asRoot(Deno.uid());
  const members = new TextDecoder().decode(await run(["tar", "-tf", tar], { signal })).split("\n");
  const removed = removals(members, options.remove, options.programs);
  await Deno.writeTextFile(options.removed, removed.map((path) => `${path}\0`).join(""));
  // Unpacked whole and then cut down: a file left out could be the one that others are hard links to.
  await run([
    ...[...prefix, "tar", "-xf", tar, "-C", root, "--numeric-owner", "--same-owner", "--same-permissions"],
    // The kernel fills /dev by itself, and a user namespace may make no device.
    ...["--xattrs", "--xattrs-include=*", "--anchored", "--exclude=./dev/*"],
  ], { signal });
  await run([...prefix, "xargs", "-0", "-a", options.removed, "rm", "-rf", "--"], { cwd: root, signal });
  await run(
    [...prefix, "cp", "-dR", "--preserve=mode", "--remove-destination", `${options.overlay}/.`, root],
    { signal },
  );
  await run([
    ...[...prefix, "find", root, "-newermt", `@${SOURCE_DATE_EPOCH}`],
    ...["-exec", "touch", "--no-dereference", `--date=@${SOURCE_DATE_EPOCH}`, "{}", "+"],
  ], { signal });
}

/**
 * Removes a tree whose files may belong to a user namespace's users. It never goes into another file system:
 * the tool that filled the tree may have died with the machine's own /dev/shm mounted in there.
 */
export async function removeTree(path: string): Promise<void> {
  await run([...asRoot(Deno.uid()), "rm", "-rf", "--one-file-system", "--", path]);
}
