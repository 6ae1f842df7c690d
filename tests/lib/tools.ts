// Programs from outside that tests call: found on PATH, or installed where that
// may be done without asking. A tool that can't be had gives the reason.
import { CACHE_DIR } from "../../src/cli/root.ts";
import { run } from "./command.ts";

/** A module of the Go proxy, pinned. */
const GRPCURL = "github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.4";

async function onPath(program: string): Promise<boolean> {
  return (await run("sh", ["-c", `command -v ${program}`])).code === 0;
}

/** Path of grpcurl, or why there is none. */
export async function grpcurl(): Promise<{ path: string } | { reason: string }> {
  const path = `${CACHE_DIR}/tools/bin/grpcurl`;
  if ((await run("test", ["-x", path])).code === 0) return { path };
  if (!await onPath("go")) return { reason: "grpcurl needs Go to be built; install Go 1.24 or later" };
  const built = await run("go", ["install", GRPCURL], {
    env: { GOBIN: `${CACHE_DIR}/tools/bin`, GOFLAGS: "-mod=mod" },
  });
  return built.code === 0 ? { path } : { reason: `grpcurl could not be built: ${built.err.slice(-300)}` };
}

/** h2load, from Debian's nghttp2-client. */
export async function h2load(): Promise<{ path: string } | { reason: string }> {
  if (await onPath("h2load")) return { path: "h2load" };
  const installed = await run("apt-get", ["install", "-y", "--no-install-recommends", "nghttp2-client"]);
  return installed.code === 0 ? { path: "h2load" } : { reason: "h2load is missing; install nghttp2-client" };
}
