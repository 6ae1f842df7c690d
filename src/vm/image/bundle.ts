// The agent and all it imports as one JavaScript file, so that the VM needs no
// node_modules, no network and no permission to read code.

import { dirname, join } from "node:path";
import * as esbuild from "esbuild";
import { GatehouseError } from "../errors.ts";
import { bundledPage } from "./bundled_page.ts";
import { bundledProtos } from "./bundled_protos.ts";

/** How many of the bundler's errors one error repeats. */
const NAMED_ERRORS = 5;

/** Code from CommonJS packages asks for Node's own modules by require(), which an ES module hasn't got by itself. */
const REQUIRE =
  `import { createRequire as gatehouseRequire } from "node:module"; const require = gatehouseRequire(import.meta.url);`;

/**
 * Bundles `entry` into `outFile` (ESM), which `deno run --no-remote --no-npm` then runs.
 * The file appears whole or not at all; the same sources give the same bytes.
 *
 * @param options.repoRoot where deno.json and node_modules lie
 * @throws GatehouseError when the entry can't be bundled, with the bundler's words
 */
export async function bundleAgent(
  entry: string,
  outFile: string,
  options: { readonly repoRoot: string },
): Promise<void> {
  await Deno.mkdir(dirname(outFile), { recursive: true });
  const draft = await Deno.makeTempFile({ dir: dirname(outFile), prefix: "bundle-", suffix: ".js" });
  try {
    await esbuild.build({
      absWorkingDir: options.repoRoot,
      entryPoints: [entry],
      outfile: draft,
      bundle: true,
      format: "esm",
      platform: "node",
      target: "esnext",
      // What deno.json maps to our own files; packages are found in node_modules.
      alias: await ownImports(options.repoRoot),
      // Error messages of libraries show class names; smaller code starts sooner in a guest without KVM.
      minify: true,
      keepNames: true,
      legalComments: "none",
      banner: { js: REQUIRE },
      plugins: [bundledProtos(), bundledPage()],
      // Packages build paths with it; nothing may be read from there in the VM.
      define: { __dirname: JSON.stringify("/nonexistent") },
      logLevel: "silent",
    });
    await Deno.chmod(draft, 0o644);
    await Deno.rename(draft, outFile);
  } catch (error) {
    await Deno.remove(draft);
    throw explain(error);
  } finally {
    // Its helper process would keep ours alive.
    await esbuild.stop();
  }
}

async function ownImports(repoRoot: string): Promise<Record<string, string>> {
  const config: { imports?: Record<string, string> } = JSON.parse(
    await Deno.readTextFile(join(repoRoot, "deno.json")),
  );
  const own = Object.entries(config.imports ?? {}).filter(([, target]) => target.startsWith("./"));
  return Object.fromEntries(own.map(([name, target]) => [name, join(repoRoot, target)]));
}

function explain(error: unknown): unknown {
  if (!isBuildFailure(error)) return error;
  const said = error.errors.slice(0, NAMED_ERRORS).map(({ text, location }) =>
    location ? `${location.file}:${location.line}: ${text}` : text
  );
  return new GatehouseError(
    "missing-image",
    `the agent can't be bundled:\n  ${said.join("\n  ")}`,
    "correct the code there; if a package is missing, run deno install",
    { cause: error },
  );
}

function isBuildFailure(error: unknown): error is esbuild.BuildFailure {
  return error instanceof Error && Array.isArray((error as Partial<esbuild.BuildFailure>).errors);
}
