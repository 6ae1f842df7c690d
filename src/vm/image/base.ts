// The base layer: Debian's packages as one tar file, made by mmdebstrap, with the
// list of what was installed. It holds none of our files but the users' names.

import { join } from "node:path";
import { GatehouseError, throwIfCancelled } from "../errors.ts";
import { list, parseSuites } from "./declarations.ts";
import { debFileName, parseStatus } from "./dpkg_status.ts";
import { SOURCE_DATE_EPOCH } from "./epoch.ts";
import { hashFile } from "./hash.ts";
import { formatLock, type Lock, parseLock, pins } from "./lock.ts";
import { removeTree } from "./root_tree.ts";
import { run, ToolFailed } from "./run.ts";
import { findArchives, findKeyring, MIRROR_VARIABLE, sourceLines } from "./sources.ts";

/** Debian's release, for mmdebstrap's own choices; the suites file has the sources. */
const SUITE = "trixie";

export interface Base {
  /** The root file system, everything unpacked, as a tar file. */
  readonly tar: string;
  readonly installed: Lock;
}

export interface BaseOptions {
  readonly repoRoot: string;
  /** Where base.tar and packages.json go: an empty directory. */
  readonly into: string;
  /** Package files kept from build to build. */
  readonly debsDir: string;
  /** Held to as far as the archive still has its versions; absent: the newest of everything. */
  readonly lock?: Lock;
  readonly onStep: (detail: string, fraction: number) => void;
  readonly signal?: AbortSignal;
}

const TAR = "base.tar";
const PACKAGES = "packages.json";

/** A base layer made before, or undefined. */
export async function readBase(dir: string): Promise<Base | undefined> {
  try {
    await Deno.stat(join(dir, TAR));
    return { tar: join(dir, TAR), installed: parseLock(await Deno.readTextFile(join(dir, PACKAGES))) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * Runs mmdebstrap: as root directly, as another user in a user namespace.
 *
 * @throws GatehouseError `missing-tool`, `disk-full`, `cancelled`, or `missing-image` with what mmdebstrap said
 */
export async function buildBase(options: BaseOptions): Promise<Base> {
  const { into, signal, onStep } = options;
  await Deno.mkdir(options.debsDir, { recursive: true });
  const argv = await mmdebstrapArgv(options);
  try {
    await run(argv, {
      signal,
      env: {
        SOURCE_DATE_EPOCH: String(SOURCE_DATE_EPOCH),
        // The kernel boots without an initrd, so its package's hook shall make none.
        INITRD: "No",
        ...await workDir(into),
      },
      onLine: stepReporter(onStep),
    });
  } catch (error) {
    if (error instanceof ToolFailed) throw explain(error);
    throw error;
  }
  onStep("hashing the packages", 0.95);
  const tar = join(into, TAR);
  const status = await run(["tar", "-xOf", tar, "./var/lib/dpkg/status"], { signal });
  const packages: Lock["packages"] = [];
  for (const entry of parseStatus(new TextDecoder().decode(status))) {
    throwIfCancelled(signal);
    packages.push({ ...entry, sha256: await hashFile(join(options.debsDir, debFileName(entry))) });
  }
  const installed: Lock = { packages };
  await removeTree(join(into, "tmp"));
  await Deno.writeTextFile(join(into, PACKAGES), formatLock(installed));
  await removeOthers(options.debsDir, new Set(packages.map(debFileName)));
  return { tar, installed };
}

async function mmdebstrapArgv(options: BaseOptions): Promise<string[]> {
  const declared = join(options.repoRoot, "image");
  const packages = list(await Deno.readTextFile(join(declared, "packages")));
  const suites = parseSuites(await Deno.readTextFile(join(declared, "suites")));
  const archives = await findArchives(Deno.env, options.signal);
  const preferences = join(options.into, "preferences");
  await Deno.writeTextFile(preferences, options.lock ? pins(options.lock) : "", { mode: 0o644 });
  const users = [...Deno.readDirSync(join(declared, "sysusers.d"))].map((entry) =>
    join(declared, "sysusers.d", entry.name)
  );
  return [
    // A session of its own: when it can't write its tar file it sends SIGHUP to all of its process group.
    "setsid",
    // What it mounts as root is mounted for it alone, and is gone with it even when it is killed.
    ...(Deno.uid() === 0 ? ["unshare", "--mount", "--propagation", "private", "--"] : []),
    "mmdebstrap",
    "--variant=custom",
    `--mode=${Deno.uid() === 0 ? "root" : "unshare"}`,
    "--format=tar",
    "--verbose",
    // Package files are brought in from the last build and carried out to the next.
    ...["--skip=download/empty", "--skip=essential/unlink"],
    ...packages.map((name) => `--include=${name}`),
    ...list(await Deno.readTextFile(join(declared, "dpkg.cfg"))).map((line) => `--dpkgopt=${line}`),
    ...[
      '--aptopt=Acquire::Retries "3"',
      '--aptopt=Acquire::http::Timeout "30"',
      '--aptopt=Acquire::Languages "none"',
    ],
    '--setup-hook=mkdir -p "$1"/var/cache/apt/archives "$1"/etc/apt/preferences.d',
    `--setup-hook=sync-in ${quote(options.debsDir)} /var/cache/apt/archives`,
    `--setup-hook=upload ${quote(preferences)} /etc/apt/preferences.d/lock`,
    `--customize-hook=sync-out /var/cache/apt/archives ${quote(options.debsDir)}`,
    `--customize-hook=copy-in ${users.map(quote).join(" ")} /usr/lib/sysusers.d`,
    '--customize-hook=chroot "$1" systemd-sysusers',
    SUITE,
    join(options.into, TAR),
    ...sourceLines(suites, archives, await findKeyring()),
  ];
}

/**
 * Where mmdebstrap unpacks. As root inside the draft, so that even a killed build leaves nothing outside the
 * cache; as another user where mmdebstrap chooses, since a user namespace may not reach into a home directory.
 */
async function workDir(into: string): Promise<Record<string, string>> {
  if (Deno.uid() !== 0) return {};
  const dir = join(into, "tmp");
  await Deno.mkdir(dir);
  return { TMPDIR: dir };
}

/** mmdebstrap splits its special hooks' arguments as a shell would. */
function quote(path: string): string {
  return `'${path.replaceAll("'", `'\\''`)}'`;
}

/** What mmdebstrap says it does, what to call it, and how much of the work is behind it then. */
const STEPS: readonly (readonly [RegExp, string, number])[] = [
  [/^I: running apt-get update/, "reading the package lists", 0.02],
  [/^I: downloading packages/, "downloading packages", 0.1],
  [/^I: extracting archives/, "unpacking the essential packages", 0.3],
  [/^I: installing/, "installing packages", 0.4],
  [/^I: cleaning/, "cleaning up", 0.85],
  [/^I: creating tarball/, "writing the base layer", 0.9],
];

function stepReporter(onStep: BaseOptions["onStep"]): (line: string) => void {
  let downloads = 0;
  return (line) => {
    const step = STEPS.find(([pattern]) => pattern.test(line));
    if (step !== undefined) onStep(step[1], step[2]);
    else if (/^Get:\d+ .* \[[\d.,]+ [kM]?B\]$/.test(line)) {
      onStep(`downloading, ${++downloads} files so far`, 0.1);
    }
  };
}

/** Turns the end of what mmdebstrap said into a cause and a next step. */
export function explain(failure: ToolFailed): GatehouseError {
  const said = failure.lines.join("\n");
  const tail = failure.lines.filter((line) => /^(E|W|Err):|error/i.test(line)).slice(-6).join("\n  ");
  if (/No space left on device|not enough (free )?space/i.test(said)) {
    return new GatehouseError(
      "disk-full",
      `no space was left while the packages were installed:\n  ${tail}`,
      "free 1.5 GB where the image is built and run the same command again",
      { cause: failure },
    );
  }
  if (/^unshare: unshare failed/m.test(said) && Deno.uid() === 0) {
    return new GatehouseError(
      "missing-tool",
      "this root may not mount file systems, which installing packages takes",
      "run as root of the machine itself, as another user, or in a container that has CAP_SYS_ADMIN",
      { cause: failure },
    );
  }
  if (/newuidmap|newgidmap|subuid|subgid|unshare.*(Operation not permitted|failed)/i.test(said)) {
    return new GatehouseError(
      "missing-tool",
      `mmdebstrap could not make a user namespace:\n  ${tail}`,
      "install the package uidmap, give this user ranges in /etc/subuid and /etc/subgid, or run as root",
      { cause: failure },
    );
  }
  if (
    /Could not (resolve|connect)|Temporary failure resolving|Connection (refused|timed out|failed)|Failed to fetch|Unable to connect/i
      .test(said)
  ) {
    return new GatehouseError(
      "missing-image",
      `Debian's mirror could not be reached:\n  ${tail}`,
      `check the network and its proxy, or name another mirror in ${MIRROR_VARIABLE}`,
      { cause: failure },
    );
  }
  return new GatehouseError(
    "missing-image",
    `mmdebstrap failed:\n  ${tail || failure.lines.slice(-6).join("\n  ")}`,
    "see the lines above; run the same command again if they speak of the network",
    { cause: failure },
  );
}

/** Leaves only the files of this build, so that the cache doesn't grow with every update. */
async function removeOthers(dir: string, keep: ReadonlySet<string>): Promise<void> {
  for await (const entry of Deno.readDir(dir)) {
    if (!keep.has(entry.name)) await Deno.remove(join(dir, entry.name), { recursive: true });
  }
}
