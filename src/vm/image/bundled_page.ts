// The operator's page is built while the agent is bundled, since the VM has no bundler: this esbuild plugin puts it in
// the place of the module that would build it.
import type { Plugin } from "esbuild";
import { buildPage } from "../../gateway/page/build.ts";

/** `loadPage` gives the page that was built now. */
export function bundledPage(): Plugin {
  return {
    name: "bundled-page",
    setup(build) {
      build.onLoad({ filter: /[/]src[/]gateway[/]page[/]page\.ts$/ }, async () => ({
        contents: `const page = Promise.resolve(${
          JSON.stringify(await buildPage())
        }); export const loadPage = () => page;`,
        loader: "js",
      }));
    },
  };
}
