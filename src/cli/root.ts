// Where this checkout lies: the wrapper says so, and without it this file's own
// place does.
import { fileURLToPath } from "node:url";

export const REPO_ROOT: string = Deno.env.get("GATEHOUSE_ROOT") ??
  fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
/** What a build leaves: nothing outside it but package caches. */
export const CACHE_DIR = `${REPO_ROOT}/.cache`;
