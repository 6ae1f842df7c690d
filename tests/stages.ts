// The stages of `gatehouse test`, as a list to read.

export interface Stage {
  name: string;
  what: string;
  /** Part of `--quick`. */
  quick?: boolean;
  /** Runs only when `--only` names it: it takes long, or wants a quiet machine. */
  onDemand?: boolean;
  /** Below the repository's root. */
  cwd?: string;
  /** Each must end with 0. */
  commands: Command[];
}

export interface Command {
  /** "deno" is the Deno that runs this. */
  argv: string[];
  /** Whose report says how many tests ran; absent when the command is a single check. */
  counts?: "vitest" | "cargo";
}

/** Where json_reporter.ts leaves a stage's report, below the repository's root. */
export const reportPath = (stage: string) => `.cache/test/${stage}.json`;

const deno = (...args: string[]): Command => ({ argv: ["deno", ...args] });

/** @param reporter what is seen while it runs: "verbose" names each test, for stages with long ones */
const vitest = (stage: string, reporter: "default" | "verbose", ...paths: string[]): Command => ({
  argv: [
    ...["deno", "run", "--quiet", "--allow-all", "npm:vitest", "run", `--reporter=${reporter}`],
    ...["--reporter=./tests/lib/json_reporter.ts", `--outputFile.json=${reportPath(stage)}`],
    ...paths,
  ],
  counts: "vitest",
});

/** Everything of Rust in one profile, so that AWS-LC is compiled once. */
const cargo = (command: string, ...args: string[]): Command => ({
  argv: ["cargo", command, "--release", "--locked", ...args],
});

const buildDataplane = cargo("build", "--bins", "--manifest-path", "dataplane/Cargo.toml");

export const stages: Stage[] = [
  { name: "format", what: "deno fmt", quick: true, commands: [deno("fmt", "--check", "--quiet")] },
  { name: "lint", what: "deno lint", quick: true, commands: [deno("lint", "--quiet")] },
  {
    name: "types",
    what: "deno check",
    quick: true,
    commands: [deno("check", "--quiet", "src", "vsock", "tests")],
  },
  {
    name: "unit",
    what: "unit tests of TypeScript",
    quick: true,
    commands: [vitest("unit", "default", "src", "vsock", "tests/lib", "tests/bench", "tests/fuzz")],
  },
  {
    name: "rust",
    what: "rustfmt, clippy, unit tests of Rust",
    quick: true,
    cwd: "dataplane",
    commands: [
      { argv: ["cargo", "fmt", "--check"] },
      cargo("clippy", "--workspace", "--all-targets", "--", "-D", "warnings"),
      { ...cargo("test", "--workspace", "--lib", "--tests"), counts: "cargo" },
    ],
  },
  {
    name: "differential",
    what: "the same services on grpc-js's server and on ours, seen by grpc-js's client",
    commands: [vitest("differential", "default", "tests/differential")],
  },
  {
    name: "h2spec",
    what: "h2spec's 146 cases against src/http2",
    commands: [vitest("h2spec", "verbose", "tests/conformance/h2spec")],
  },
  {
    name: "hpack",
    what: "blocks of five encoders that others wrote, and another's decoder on ours",
    commands: [vitest("hpack", "default", "tests/conformance/hpack")],
  },
  {
    name: "interop",
    what: "gRPC interop with grpc-go, both ways",
    commands: [vitest("interop", "verbose", "tests/conformance/interop")],
  },
  {
    name: "connect",
    what: "connectconformance's gRPC cases: our server, our client, stubs over our channel",
    commands: [vitest("connect", "verbose", "tests/conformance/connect")],
  },
  {
    name: "fuzz",
    what: "the engine against generated cases, for GATEHOUSE_FUZZ_MINUTES (default 5)",
    onDemand: true,
    commands: [deno("run", "--quiet", "--allow-all", "--v8-flags=--expose-gc", "tests/fuzz/main.ts")],
  },
  {
    name: "signer",
    what: "the agent's side against the real signer, which is killed in the middle",
    commands: [buildDataplane, vitest("signer", "default", "tests/signer")],
  },
  {
    name: "faults",
    what:
      "the signer killed while keys change, its disk full or read-only; short forms of `deno task faults`",
    commands: [buildDataplane, vitest("faults", "verbose", "--no-file-parallelism", "tests/faults")],
  },
  {
    name: "serve",
    what: "agent and signer without a VM: tools from outside, bad input, vanishing clients",
    commands: [buildDataplane, vitest("serve", "verbose", "tests/serve")],
  },
  {
    name: "page",
    what: "the operator's page in a real Chromium: figures, every view in both themes, a broken stream, axe",
    // Both mostly wait, the one for a server, the other for time to pass.
    commands: [buildDataplane, vitest("page", "verbose", "--maxWorkers=2", "tests/page")],
  },
  {
    name: "authority",
    what: "every method over every transport by everyone, and proofs replayed and forged, on real sockets",
    commands: [buildDataplane, vitest("authority", "default", "tests/authority")],
  },
  {
    name: "gateway",
    what: "every unary method by gRPC and by REST, compared, and Schemathesis against the OpenAPI document",
    commands: [buildDataplane, vitest("gateway", "default", "tests/gateway")],
  },
  {
    name: "schemathesis",
    what: "Schemathesis for five minutes",
    onDemand: true,
    commands: [buildDataplane, deno("run", "--quiet", "--allow-all", "tests/gateway/schemathesis.ts")],
  },
  {
    name: "attacks",
    what: "known attacks on the agent, each beside a good client; one after the other",
    commands: [buildDataplane, vitest("attacks", "verbose", "--no-file-parallelism", "tests/attacks")],
  },
  {
    name: "edge",
    what: "bad certificates, bad TLS and floods against the edge, beside a good client",
    commands: [buildDataplane, vitest("edge", "verbose", "tests/edge")],
  },
  {
    name: "monitoring",
    what: "the alert rules by promtool; every metric that they and the dashboard name, from a real agent",
    commands: [buildDataplane, vitest("monitoring", "verbose", "tests/monitoring")],
  },
  {
    name: "image",
    what: "what the agent's unit lets Deno do",
    commands: [vitest("image", "default", "tests/image")],
  },
  {
    name: "vm",
    what: "what `gatehouse up` does, on VMs that really boot; one after the other",
    commands: [vitest("vm", "verbose", "--no-file-parallelism", "tests/vm")],
  },
  {
    name: "compare",
    what: "speed beside tonic, grpc-go and grpc-js; 17 minutes on a quiet machine",
    onDemand: true,
    cwd: "tests/bench",
    commands: [
      { argv: ["cargo", "fmt", "--all", "--check"] },
      cargo("clippy", "--workspace", "--all-targets", "--", "-D", "warnings"),
      { ...cargo("test", "--workspace", "--lib", "--tests"), counts: "cargo" },
      deno("run", "--quiet", "--allow-all", "compare.ts"),
    ],
  },
];
