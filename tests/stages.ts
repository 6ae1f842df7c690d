// The stages of `gatehouse test`, as a list to read.

export interface Stage {
  name: string;
  what: string;
  /** Part of `--quick`. */
  quick?: boolean;
  /** Below the repository's root. */
  cwd?: string;
  /** Each must end with 0. "deno" is the Deno that runs this. */
  commands: string[][];
  /** Why it can't run here; undefined when it can. */
  skip?: () => string | undefined | Promise<string | undefined>;
}

const vitest = (...args: string[]) => ["deno", "run", "--quiet", "--allow-all", "npm:vitest", "run", ...args];

/** Everything of Rust in one profile, so that AWS-LC is compiled once. */
const cargo = (command: string, ...args: string[]) => ["cargo", command, "--release", "--locked", ...args];

export const stages: Stage[] = [
  { name: "format", what: "deno fmt", quick: true, commands: [["deno", "fmt", "--check", "--quiet"]] },
  { name: "lint", what: "deno lint", quick: true, commands: [["deno", "lint", "--quiet"]] },
  {
    name: "types",
    what: "deno check",
    quick: true,
    commands: [["deno", "check", "--quiet", "src", "vsock", "tests"]],
  },
  { name: "unit", what: "unit tests of TypeScript", quick: true, commands: [vitest("src", "vsock")] },
  {
    name: "rust",
    what: "rustfmt, clippy, unit tests of Rust",
    quick: true,
    cwd: "dataplane",
    commands: [
      ["cargo", "fmt", "--check"],
      cargo("clippy", "--workspace", "--all-targets", "--", "-D", "warnings"),
      cargo("test", "--workspace"),
    ],
  },
  {
    name: "differential",
    what: "the same services on grpc-js's server and on ours, seen by grpc-js's client",
    commands: [vitest("tests/differential")],
  },
  {
    name: "signer",
    what: "the agent's side against the real signer, which is killed in the middle",
    commands: [
      cargo("build", "--bin", "gatehouse-signer", "--manifest-path", "dataplane/Cargo.toml"),
      vitest("tests/signer"),
    ],
  },
  {
    name: "serve",
    what: "agent and signer without a VM: tools from outside, bad input, vanishing clients",
    commands: [vitest("--reporter=verbose", "tests/serve")],
  },
  {
    name: "image",
    what: "what the agent's unit lets Deno do",
    commands: [vitest("tests/image")],
  },
  {
    name: "vm",
    what: "what `gatehouse up` does, on a VM that really boots",
    commands: [vitest("--reporter=verbose", "tests/vm")],
  },
];
