// Puts base layer and overlay together as one directory tree with the right owners.
// What the image does without is never unpacked.

import { list } from "./declarations.ts";
import { SOURCE_DATE_EPOCH } from "./base.ts";
import { run } from "./run.ts";

/**
 * In front of each command that must act as root on the tree: nothing when this is
 * root, else a user namespace with the user's own ranges of /etc/subuid, the same
 * every time, so that owners written by one command are right for the next.
 */
export function asRoot(uid: number | null): string[] {
  return uid === 0 ? [] : ["unshare", "--user", "--map-root-user", "--map-auto", "--"];
}

/** Tar's patterns for what is left out: image/remove, and every program that image/programs doesn't name. */
export function exclusions(members: readonly string[], remove: string, programs: string): string[] {
  const keep = new Set(list(programs));
  const patterns = list(remove).map((path) => `./${path}`);
  for (const member of members) {
    const match = /^\.\/usr\/s?bin\/([^/]+)$/.exec(member);
    // Tar's own wildcards in a name ("[" is a program) are taken literally.
    if (match !== null && !keep.has(match[1])) patterns.push(member.replace(/[[\]*?\\]/g, "\\$&"));
  }
  return patterns;
}

export interface TreeOptions {
  /** The base layer's tar file. */
  readonly tar: string;
  readonly overlay: string;
  /** An empty directory. */
  readonly root: string;
  /** A file for the patterns. */
  readonly patterns: string;
  readonly remove: string;
  readonly programs: string;
  readonly signal?: AbortSignal;
}

/** Unpacks, then copies the overlay over it and sets every newer time back. */
export async function makeTree(options: TreeOptions): Promise<void> {
  const { tar, root, signal } = options;
  const members = new TextDecoder().decode(await run(["tar", "-tf", tar], { signal })).split("\n");
  await Deno.writeTextFile(
    options.patterns,
    exclusions(members, options.remove, options.programs).join("\n") + "\n",
  );
  const prefix = asRoot(Deno.uid());
  await run([
    ...[...prefix, "tar", "-xf", tar, "-C", root, "--numeric-owner", "--same-owner", "--same-permissions"],
    ...["--xattrs", "--xattrs-include=*", "--anchored", "--wildcards", "--no-wildcards-match-slash"],
    `--exclude-from=${options.patterns}`,
  ], { signal });
  await run(
    [...prefix, "cp", "-dR", "--preserve=mode", "--remove-destination", `${options.overlay}/.`, root],
    { signal },
  );
  await run([
    ...[...prefix, "find", root, "-newermt", `@${SOURCE_DATE_EPOCH}`],
    ...["-exec", "touch", "--no-dereference", `--date=@${SOURCE_DATE_EPOCH}`, "{}", "+"],
  ], { signal });
}

/** Removes a tree whose files may belong to a user namespace's users. */
export async function removeTree(path: string): Promise<void> {
  await run([...asRoot(Deno.uid()), "rm", "-rf", "--", path]);
}
