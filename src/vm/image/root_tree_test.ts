import { join } from "node:path";
import { expect, it } from "vitest";
import { removeTree } from "./root_tree.ts";
import { run } from "./run.ts";

/** Mounting takes a mount namespace of one's own, which not every machine allows. */
const mayMount = await run(["unshare", "--mount", "--propagation", "private", "--", "true"]).then(
  () => true,
  () => false,
);

it.skipIf(!mayMount)("removing a tree leaves alone what a dead tool had mounted in it", async () => {
  const dir = await Deno.makeTempDir();
  const [tree, precious] = [join(dir, "tree"), join(dir, "precious")];
  await Deno.mkdir(join(tree, "dev"), { recursive: true });
  await Deno.mkdir(precious);
  await run([
    ...["unshare", "--mount", "--propagation", "private", "--", "sh", "-euc"],
    // A file system of its own, as /dev/shm is, with a second name inside the tree.
    `mount -t tmpfs none "$1/precious"; : > "$1/precious/file"; mount --bind "$1/precious" "$1/tree/dev"
     "$2" eval --quiet --config "$4/deno.json" "const { removeTree } = await import('$3'); await removeTree('$1/tree').catch(() => {})"
     test -e "$1/precious/file"`,
    ...[
      "sh",
      dir,
      Deno.execPath(),
      new URL("./root_tree.ts", import.meta.url).href,
      new URL("../../..", import.meta.url).pathname,
    ],
  ]);
  await removeTree(tree);
  expect([...Deno.readDirSync(dir)].map((entry) => entry.name)).toEqual(["precious"]);
  await Deno.remove(dir, { recursive: true });
});
