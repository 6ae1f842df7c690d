// Which Rust this machine has. Debian's own is too old for the signer, so rustup's
// is looked for too, even where the user's PATH doesn't name it.

import { delimiter, join } from "node:path";
import type { Finding, Fix } from "./findings.ts";
import { askProgram, atLeast, findProgram, versionIn } from "./programs.ts";

/** dataplane/Cargo.toml's rust-version. */
export const RUST_VERSION = "1.91";

interface Toolchain {
  /** Directory of cargo and rustc. */
  readonly dir: string;
  readonly version: string;
}

/** The row of the toolchain. Puts rustup's directory in front of this process's PATH when only that one will do. */
export async function examineRust(): Promise<Finding> {
  const name = "Rust";
  const need = `cargo and rustc ${RUST_VERSION} or later, for the signer and the edge`;
  const onPath = await toolchain([]);
  if (onPath !== undefined && atLeast(onPath.version, RUST_VERSION)) {
    return { name, state: "ok", found: onPath.version, need };
  }
  const rustups = await toolchain(cargoBin());
  if (rustups !== undefined && atLeast(rustups.version, RUST_VERSION)) {
    Deno.env.set("PATH", [rustups.dir, Deno.env.get("PATH") ?? ""].join(delimiter));
    return { name, state: "ok", found: `${rustups.version} (${rustups.dir})`, need };
  }
  return {
    name,
    state: "missing",
    found: onPath?.version ?? rustups?.version ?? "none",
    need,
    fix: await rustFix(),
  };
}

/** Where rustup puts its programs; nowhere when the environment names no home. */
function cargoBin(): string[] {
  const home = Deno.env.get("HOME");
  const cargoHome = Deno.env.get("CARGO_HOME") ?? (home && join(home, ".cargo"));
  return cargoHome ? [join(cargoHome, "bin")] : [];
}

async function toolchain(dirs: readonly string[]): Promise<Toolchain | undefined> {
  const cargo = await findProgram("cargo", dirs);
  const rustc = await findProgram("rustc", dirs);
  if (cargo === undefined || rustc === undefined) return undefined;
  const [cargoSays, rustcSays] = await Promise.all([
    askProgram([cargo, "--version"]),
    askProgram([rustc, "--version"]),
  ]);
  // rustup's stand-ins exist even where no toolchain does.
  const version = rustcSays?.success && cargoSays?.success ? versionIn(rustcSays.text) : undefined;
  return version === undefined ? undefined : { dir: cargo.slice(0, cargo.lastIndexOf("/")), version };
}

async function rustFix(): Promise<Fix> {
  const run = (rustup: string) => [
    [rustup, "toolchain", "install", "stable", "--profile", "minimal", "--no-self-update"],
    [rustup, "default", "stable"],
  ];
  const rustup = await findProgram("rustup", cargoBin());
  if (rustup !== undefined) {
    return { command: "rustup toolchain install stable && rustup default stable", run: run(rustup) };
  }
  // Debian has rustup from 13 on.
  const policy = await askProgram(["apt-cache", "policy", "rustup"]);
  if (policy !== undefined && /Candidate: \d/.test(policy.text)) {
    return { packages: ["rustup"], command: "rustup default stable", run: run("/usr/bin/rustup") };
  }
  return { command: `install Rust ${RUST_VERSION} or later with rustup: https://rustup.rs` };
}
