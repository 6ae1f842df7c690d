// The servers that are compared, as a list to read: how each is built and started.
// A side whose tool is missing is named in the report with its reason, never left out silently.
import { CACHE_DIR, REPO_ROOT } from "../../src/cli/root.ts";
import { bundleAgent } from "../../src/vm/image/bundle.ts";
import { run, runOk } from "../lib/command.ts";

export interface Side {
  /** As `--rows` and the report have it. */
  readonly name: string;
  readonly what: string;
  /** Serves gatehouse.bench.Streams too. */
  readonly streams: boolean;
  /** What the generator compares of an answer. */
  readonly check: "payload" | "length";
  /** @param socket path that it is to listen on */
  argv(socket: string): string[];
  readonly env?: Record<string, string>;
  build(): Promise<void>;
  /** Why this machine can't run it. */
  missing(): Promise<string | undefined>;
}

const BENCH = `${REPO_ROOT}/tests/bench`;
const BUILT = `${CACHE_DIR}/bench`;
export const CARGO_BUILT = `${BUILT}/target/release`;
export const GENERATOR = `${CARGO_BUILT}/generator`;

/** Deno as the image starts it (image/units/gatehouse-agent.service); what it is allowed follows. */
const deno = (...args: string[]) => [
  ...[
    Deno.execPath(),
    "run",
    "--quiet",
    "--no-prompt",
    "--no-config",
    "--no-lock",
    "--no-npm",
    "--no-remote",
  ],
  ...["--cached-only", "--unstable-vsock", ...args],
];

/** The agent's own heap setting, for our two sides. */
const HEAP = "--v8-flags=--max-semi-space-size=4,--initial-old-space-size=24";

const nothing = () => Promise.resolve(undefined);

function needs(program: string, next: string): () => Promise<string | undefined> {
  return async () =>
    (await run("sh", ["-c", `command -v ${program}`])).code === 0
      ? undefined
      : `${program} is missing; ${next}`;
}

function bundle(entry: string): () => Promise<void> {
  const name = entry.split("/").at(-1)?.replace(/\.ts$/, ".js");
  return () => bundleAgent(`${REPO_ROOT}/${entry}`, `${BUILT}/${name}`, { repoRoot: REPO_ROOT });
}

/** The generator and the tonic anchor. */
export async function buildNative(): Promise<void> {
  await runOk("cargo", ["build", "--release", "--locked", "--quiet"], { cwd: BENCH });
}

const frames: Side = {
  name: "frames",
  what: "frames only in TypeScript on Deno, no HPACK (the limit)",
  streams: false,
  check: "length",
  argv: (socket) => deno("--allow-all", `${BENCH}/anchors/frames_only.ts`, socket),
  build: nothing,
  missing: nothing,
};

const tonic: Side = {
  name: "tonic",
  what: "tonic 0.14.9, one worker",
  streams: true,
  check: "payload",
  argv: (socket) => [`${CARGO_BUILT}/anchor-tonic`, socket],
  build: nothing,
  missing: nothing,
};

const engine: Side = {
  name: "engine",
  what: "Gatehouse's engine, src/grpc with Echo",
  streams: true,
  check: "payload",
  argv: (socket) => deno(HEAP, "--allow-all", `${BUILT}/engine.js`, socket, REPO_ROOT),
  build: bundle("tests/bench/anchors/engine.ts"),
  missing: nothing,
};

const agent: Side = {
  name: "agent",
  what: "Gatehouse's agent, as the image has it, with its default configuration",
  streams: false,
  check: "payload",
  argv: (socket) => {
    const flags = [HEAP, "--allow-net", "--allow-read", "--allow-write", "--ignore-env"];
    return deno(
      ...flags,
      `${BUILT}/main.js`,
      "--config",
      `${socket}.toml`,
      "--signer",
      `unix://${socket}.signer`,
      "--state",
      `${socket}.state`,
    );
  },
  build: bundle("src/agent/main.ts"),
  missing: nothing,
};

const grpcGo: Side = {
  name: "grpc-go",
  what: "grpc-go 1.85.0, GOMAXPROCS=1",
  streams: true,
  check: "payload",
  argv: (socket) => [`${BUILT}/grpc_go`, socket],
  env: { GOMAXPROCS: "1" },
  build: async () => {
    await runOk("go", ["build", "-o", `${BUILT}/grpc_go`, "."], {
      cwd: `${BENCH}/anchors/grpc_go`,
      env: { GOFLAGS: "-mod=readonly" },
    });
  },
  missing: needs("go", "install Go 1.26 or later"),
};

const grpcJs: Side = {
  name: "grpc-js",
  what: "grpc-js 1.14.7 on Deno",
  streams: true,
  check: "payload",
  argv: (socket) => deno("--allow-all", `${BUILT}/grpc_js.js`, socket, REPO_ROOT),
  build: bundle("tests/bench/anchors/grpc_js.ts"),
  missing: nothing,
};

const grpcJsNode: Side = {
  ...grpcJs,
  name: "grpc-js-node",
  what: "grpc-js 1.14.7 on Node",
  argv: (socket) => ["node", `${BUILT}/grpc_js.js`, socket, REPO_ROOT],
  missing: needs("node", "install Node 20 or later"),
};

/** In the order of the report. */
export const sides: readonly Side[] = [frames, tonic, engine, agent, grpcGo, grpcJsNode, grpcJs];
