// image/lock.json: name, version and SHA-256 of every package in the image. Says
// how what was installed differs. It must never let a difference pass unnamed.

import { z } from "zod";
import { GatehouseError } from "../errors.ts";

const lockedPackage = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/),
  version: z.string().regex(/^[0-9A-Za-z.+:~-]+$/),
  architecture: z.string().regex(/^[a-z0-9-]+$/),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

const lockFile = z.strictObject({ packages: z.array(lockedPackage) });

export type LockedPackage = z.infer<typeof lockedPackage>;
export type Lock = z.infer<typeof lockFile>;

/** @throws GatehouseError when the text is no lock */
export function parseLock(text: string): Lock {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw damaged(error instanceof Error ? error.message : String(error));
  }
  const parsed = lockFile.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw damaged(`${issue.path.join(".")}: ${issue.message}`);
}

function damaged(reason: string): GatehouseError {
  return new GatehouseError(
    "missing-image",
    `image/lock.json can't be understood: ${reason}`,
    "restore the committed file",
  );
}

/** One package a line, so that a change of the lock reads well as a diff. */
export function formatLock(lock: Lock): string {
  const sorted = [...lock.packages].sort((a, b) => (a.name < b.name ? -1 : 1));
  return `{\n  "packages": [\n${sorted.map((entry) => `    ${JSON.stringify(entry)}`).join(",\n")}\n  ]\n}\n`;
}

/** One way in which an image differs from the lock. */
export interface Drift {
  readonly name: string;
  /** Absent: the lock doesn't know the package. */
  readonly locked?: string;
  /** Absent: the image hasn't got it. */
  readonly installed?: string;
  /** The version is the same and the content is not. */
  readonly content?: true;
}

/** How `installed` differs from `locked`, by name. Empty: not at all. */
export function compareLock(locked: Lock, installed: Lock): Drift[] {
  const wanted = new Map(locked.packages.map((entry) => [entry.name, entry]));
  const drift: Drift[] = [];
  for (const entry of installed.packages) {
    const want = wanted.get(entry.name);
    wanted.delete(entry.name);
    if (want?.version !== entry.version) {
      drift.push({ name: entry.name, ...(want && { locked: want.version }), installed: entry.version });
    } else if (want.sha256 !== entry.sha256 || want.architecture !== entry.architecture) {
      drift.push({ name: entry.name, locked: want.version, installed: entry.version, content: true });
    }
  }
  for (const gone of wanted.values()) drift.push({ name: gone.name, locked: gone.version });
  return drift.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** One line a difference, for people. */
export function describeDrift(drift: Drift): string {
  if (drift.content) return `${drift.name} ${drift.installed}: same version, other content`;
  if (drift.locked === undefined) return `${drift.name}: not in the lock, ${drift.installed} installed`;
  if (drift.installed === undefined) return `${drift.name}: locked at ${drift.locked}, not installed`;
  return `${drift.name}: locked at ${drift.locked}, ${drift.installed} installed`;
}

/** How many differences an error repeats; the manifest has them all. */
const NAMED_DRIFTS = 8;

/** @throws GatehouseError when there is any drift */
export function refuseDrift(drift: readonly Drift[]): void {
  if (drift.length === 0) return;
  const named = drift.slice(0, NAMED_DRIFTS).map(describeDrift).join("\n  ");
  const more = drift.length > NAMED_DRIFTS ? `\n  and ${drift.length - NAMED_DRIFTS} more` : "";
  throw new GatehouseError(
    "missing-image",
    `the archive no longer gives what image/lock.json names:\n  ${named}${more}`,
    "build without --locked, or renew the lock: deno run -A src/vm/image/update_lock.ts",
  );
}

/** apt_preferences(5) that hold every package at its locked version as long as the archive has it. */
export function pins(lock: Lock): string {
  return lock.packages.map((entry) =>
    `Package: ${entry.name}\nPin: version ${entry.version}\nPin-Priority: 1001\n`
  ).join("\n");
}
