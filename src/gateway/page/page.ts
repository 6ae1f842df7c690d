// The page, wherever the agent runs: from the sources it is built at its first use; the bundle for the VM has this file
// replaced by one that holds the page (src/vm/image/bundled_page.ts). Must never need the network.
import type { Page } from "./build.ts";

export type { Page };

let page: Promise<Page> | undefined;

/** The same for everyone; a build that failed is tried again. */
export function loadPage(): Promise<Page> {
  return page ??= load().catch((error: unknown) => {
    page = undefined;
    throw error;
  });
}

async function load(): Promise<Page> {
  const [{ buildPage }, esbuild] = await Promise.all([import("./build.ts"), import("esbuild")]);
  try {
    return await buildPage();
  } finally {
    // Its helper process would keep ours alive.
    await esbuild.stop();
  }
}
