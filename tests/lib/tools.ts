// Programs from outside that tests call: found on PATH, or installed where that
// may be done without asking. A tool that can't be had gives the reason.
import { dirname } from "node:path";
import { CACHE_DIR } from "../../src/cli/root.ts";
import { run } from "./command.ts";

/** Packages of the Go proxy, pinned. */
const CONNECT_CONFORMANCE = "connectrpc.com/conformance/cmd/connectconformance@v1.0.6";
const GRPCURL = "github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.4";
const H2SPEC = "github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible";
const INTEROP_CLIENT = "google.golang.org/grpc/interop/client@v1.85.0";
const INTEROP_SERVER = "google.golang.org/grpc/interop/server@v1.85.0";

/** Where a program is, or why there is none. */
export type Tool = { path: string } | { reason: string };

async function onPath(program: string): Promise<boolean> {
  return (await run("sh", ["-c", `command -v ${program}`])).code === 0;
}

/**
 * A program of the Go proxy, built at first use.
 * @param name below the folder of built programs; Go gives the last part
 */
async function goTool(name: string, module: string): Promise<Tool> {
  const path = `${CACHE_DIR}/tools/bin/${name}`;
  if ((await run("test", ["-x", path])).code === 0) return { path };
  if (!await onPath("go")) return { reason: `${name} needs Go to be built; install Go 1.24 or later` };
  const built = await run("go", ["install", module], { env: { GOBIN: dirname(path), GOFLAGS: "-mod=mod" } });
  return built.code === 0 ? { path } : { reason: `${name} could not be built: ${built.err.slice(-300)}` };
}

export const connectConformance = (): Promise<Tool> => goTool("connectconformance", CONNECT_CONFORMANCE);

export const grpcurl = (): Promise<Tool> => goTool("grpcurl", GRPCURL);

export const h2spec = (): Promise<Tool> => goTool("h2spec", H2SPEC);

export const interopClient = (): Promise<Tool> => goTool("grpc-go-interop/client", INTEROP_CLIENT);

export const interopServer = (): Promise<Tool> => goTool("grpc-go-interop/server", INTEROP_SERVER);

/** openssl, which most machines have. */
export async function openssl(): Promise<Tool> {
  return await onPath("openssl") ? { path: "openssl" } : { reason: "openssl is missing; install it" };
}

/** h2load, from Debian's nghttp2-client. */
export async function h2load(): Promise<Tool> {
  if (await onPath("h2load")) return { path: "h2load" };
  // A bare machine has no package lists yet.
  await run("apt-get", ["update", "-q"]);
  const installed = await run("apt-get", ["install", "-y", "--no-install-recommends", "nghttp2-client"]);
  return installed.code === 0 ? { path: "h2load" } : { reason: "h2load is missing; install nghttp2-client" };
}

/** libfaketime: a wall clock that a test sets, for one process. */
export async function faketime(): Promise<Tool> {
  const find = async () => (await run("sh", ["-c", "ls /usr/lib/*/faketime/libfaketime.so.1"])).out.trim();
  let path = await find();
  if (path === "") {
    await run("apt-get", ["update", "-q"]);
    await run("apt-get", ["install", "-y", "--no-install-recommends", "faketime"]);
    path = await find();
  }
  return path === "" ? { reason: "libfaketime is missing; install faketime" } : { path };
}

/** gRPC's C-core for Python, pinned; its wheel holds all it needs. */
const GRPCIO = "1.85.1";

/** Schemathesis, pinned: property tests of an HTTP API by its OpenAPI document. */
const SCHEMATHESIS = "4.32.5";

/** A Python that has grpcio, in an environment of its own. */
export const grpcioPython = async (): Promise<Tool> => await pythonWith("grpcio", GRPCIO);

export async function schemathesis(): Promise<Tool> {
  const python = await pythonWith("schemathesis", SCHEMATHESIS);
  return "path" in python ? { path: `${dirname(python.path)}/schemathesis` } : python;
}

/** A Python with that package of PyPI, in an environment of its own. */
async function pythonWith(name: string, version: string): Promise<Tool> {
  const venv = `${CACHE_DIR}/tools/${name}-${version}`;
  const path = `${venv}/bin/python`;
  // Written last: an installation that was broken off is done again.
  const complete = `${venv}/complete`;
  if ((await run("test", ["-e", complete])).code === 0) return { path };
  if (!await onPath("python3")) return { reason: `${name} needs Python; install python3 and python3-venv` };
  const made = await run("python3", ["-m", "venv", "--clear", venv]);
  if (made.code !== 0) {
    return { reason: `no Python environment could be made, install python3-venv: ${made.err.slice(-300)}` };
  }
  const pip = ["-m", "pip", "install", "--quiet", "--only-binary=:all:", `${name}==${version}`];
  const installed = await run(path, pip);
  if (installed.code !== 0) return { reason: `${name} could not be installed: ${installed.err.slice(-300)}` };
  await run("touch", [complete]);
  return { path };
}

/** Debian's Chromium: a browser as an operator has it, on machines without a screen too. */
export async function chromium(): Promise<Tool> {
  if (await onPath("chromium")) return { path: "chromium" };
  await run("apt-get", ["update", "-q"]);
  const installed = await run("apt-get", ["install", "-y", "--no-install-recommends", "chromium"]);
  return installed.code === 0 ? { path: "chromium" } : { reason: "chromium is missing; install it" };
}
