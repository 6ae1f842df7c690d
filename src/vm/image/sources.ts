// Where Debian's packages come from: this machine's own mirror, found through apt,
// unless GATEHOUSE_DEBIAN_MIRROR names another. No host name stands in the project.

import { GatehouseError } from "../errors.ts";
import type { Suite } from "./declarations.ts";
import { run, ToolFailed } from "./run.ts";

/** The variable that names another mirror, such as http://mirror.example/debian. */
export const MIRROR_VARIABLE = "GATEHOUSE_DEBIAN_MIRROR";

/** Base addresses without a closing slash. */
export interface Archives {
  readonly archive: string;
  readonly security: string;
}

/** What `apt-get indextargets` is asked for, a target a line. */
const FORMAT = "$(ORIGIN)|$(LABEL)|$(REPO_URI)";

/** Finds the mirror. @throws GatehouseError when neither apt nor the variable names one */
export async function findArchives(
  env: { get(name: string): string | undefined },
  signal?: AbortSignal,
): Promise<Archives> {
  const chosen = env.get(MIRROR_VARIABLE);
  if (chosen) return archivesOf(chosen);
  const found = parseTargets(await indexTargets(signal));
  if (found !== undefined) return found;
  throw new GatehouseError(
    "missing-image",
    "apt on this machine knows no Debian mirror to build the image from",
    `run apt-get update if this is Debian; otherwise set ${MIRROR_VARIABLE} to a mirror's address, such as http://MIRROR/debian`,
  );
}

async function indexTargets(signal: AbortSignal | undefined): Promise<string> {
  try {
    return new TextDecoder().decode(await run(["apt-get", "indextargets", "--format", FORMAT], { signal }));
  } catch (error) {
    // An apt that can't read its own configuration knows no mirror either.
    if (error instanceof ToolFailed) return "";
    throw error;
  }
}

/** The first Debian archive among apt's targets, and its security twin. */
export function parseTargets(text: string): Archives | undefined {
  const uris = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [origin, label, uri] = line.split("|");
    if (origin !== "Debian" || uri === undefined || !/^https?:/.test(uri)) continue;
    const kind = label === "Debian-Security" ? "security" : "archive";
    if (!uris.has(kind)) uris.set(kind, trimSlash(uri));
  }
  const archive = uris.get("archive");
  if (archive === undefined) return undefined;
  return { archive, security: uris.get("security") ?? twin(archive) };
}

/** Both archives of a mirror named by hand: the security archive stands beside the main one, as on Debian's own. */
export function archivesOf(mirror: string): Archives {
  if (!/^(https?|file):\/\/\S+$/.test(mirror)) {
    throw new GatehouseError(
      "missing-image",
      `${MIRROR_VARIABLE} is "${mirror.slice(0, 200)}", which is no address of a mirror`,
      "set it to something like http://MIRROR/debian, or unset it",
    );
  }
  const archive = trimSlash(mirror);
  return { archive, security: twin(archive) };
}

function twin(archive: string): string {
  return `${archive}-security`;
}

function trimSlash(uri: string): string {
  return uri.replace(/\/+$/, "");
}

/** The lines of sources.list(5) for mmdebstrap, each verified by `keyring` alone. */
export function sourceLines(suites: readonly Suite[], archives: Archives, keyring: string): string[] {
  return suites.map((suite) =>
    `deb [signed-by=${keyring}] ${archives[suite.archive]} ${suite.name} ${suite.component}`
  );
}

/** Debian's archive keys, as its package debian-archive-keyring installs them. */
const KEYRINGS = [
  "/usr/share/keyrings/debian-archive-keyring.gpg",
  "/usr/share/keyrings/debian-archive-keyring.pgp",
];

/** The keyring that the archive's signatures are checked with. @throws GatehouseError `missing-tool` */
export async function findKeyring(): Promise<string> {
  for (const path of KEYRINGS) {
    try {
      await Deno.stat(path);
      return path;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  throw new GatehouseError(
    "missing-tool",
    "Debian's archive keys are missing: without them no package can be verified",
    "install the package debian-archive-keyring",
  );
}
