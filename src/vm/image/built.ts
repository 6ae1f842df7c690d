// From a checkout to a bootable image: signer, edge, the agent's bundle and the
// pinned Deno, put into an image that is built unless it is cached.

import { join } from "node:path";
import { buildDataplane } from "../artifacts.ts";
import type { OnProgress } from "../progress.ts";
import type { VmImage } from "../boot.ts";
import { buildImage, findImage } from "./build.ts";
import { bundleAgent } from "./bundle.ts";
import { describeDrift } from "./lock.ts";

export interface BuiltImageOptions {
  readonly repoRoot: string;
  /** The checkout's cache: the image goes to image/ below it. */
  readonly cacheDir: string;
  readonly locked: boolean;
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal;
}

export interface ReadyImage {
  readonly image: VmImage;
  /** Whether it had to be made. */
  readonly built: boolean;
  /** One line for each package that differs from image/lock.json, be the image new or cached. */
  readonly drift: readonly string[];
}

/** The image for this checkout as it is now. @throws GatehouseError, with `locked` for any drift too */
export async function builtImage(options: BuiltImageOptions): Promise<ReadyImage> {
  const { repoRoot, onProgress, signal } = options;
  const { signer, edge } = await buildDataplane(repoRoot, { onProgress, signal });
  onProgress({ step: "bundle the agent", detail: "src/agent/main.ts" });
  const agentBundle = join(options.cacheDir, "agent.js");
  await bundleAgent(join(repoRoot, "src/agent/main.ts"), agentBundle, { repoRoot });

  const inputs = { deno: Deno.execPath(), signer, edge, agentBundle };
  const cacheDir = join(options.cacheDir, "image");
  const cached = await findImage({ repoRoot, cacheDir, inputs, locked: options.locked });
  const image = cached ?? await buildImage({
    repoRoot,
    cacheDir,
    inputs,
    locked: options.locked,
    onProgress: ({ step, detail, fraction }) => onProgress({ step, detail: detail ?? "", fraction }),
    signal,
  });
  return {
    image: {
      dir: image.dir,
      boot: { kind: "kernel", kernel: image.kernel, cmdline: image.commandLine },
      rootImage: image.root,
    },
    built: cached === undefined,
    drift: image.drift.map(describeDrift),
  };
}
