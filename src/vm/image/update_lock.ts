// Renews image/lock.json from what the archive has today. Run by hand when the
// image shall take newer packages: deno run -A src/vm/image/update_lock.ts

import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { buildBase } from "./base.ts";
import { debsDir, publish, withCacheLock } from "./cache.ts";
import { compareLock, describeDrift, formatLock, parseLock } from "./lock.ts";
import { removeTree } from "./root_tree.ts";

const repoRoot = fileURLToPath(new URL("../../..", import.meta.url));
const cacheDir = join(repoRoot, ".cache/image");
const lockFile = join(repoRoot, "image/lock.json");
const say = (line: string) => Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));

await withCacheLock(cacheDir, () => say("waiting for another build"), undefined, async () => {
  // Made for its list alone: a build under the new lock has another key.
  const dir = await publish(cacheDir, join(cacheDir, "draft-lock"), async (draft) => {
    const { installed } = await buildBase({
      repoRoot,
      into: draft,
      debsDir: debsDir(cacheDir),
      onStep: (detail) => say(detail),
    });
    const before = parseLock(await Deno.readTextFile(lockFile).catch(() => '{"packages":[]}'));
    await Deno.writeTextFile(lockFile, formatLock(installed));
    for (const drift of compareLock(before, installed)) say(describeDrift(drift));
  });
  await removeTree(dir);
});
