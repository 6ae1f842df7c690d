// The servers whose signing is compared, as a list to read. All keep their keys in the process that signs, but
// for ours, whose agent asks the signer.
import { CACHE_DIR } from "../../../src/cli/root.ts";
import { CARGO_BUILT, type Side, sides } from "../sides.ts";

/** What the others are held against. */
export const ANCHOR = "tonic";
export const OWN = "agent";

const anchor = (name: string, library: string, what: string): Side => ({
  name,
  what,
  streams: false,
  check: "payload",
  argv: () => [`${CARGO_BUILT}/anchor-signing`, "serve", library],
  build: () => Promise.resolve(),
  missing: () => Promise.resolve(undefined),
});

function known(name: string): Side {
  const found = sides.find((side) => side.name === name);
  if (found === undefined) throw new Error(`no side ${name}`);
  return found;
}

/** In the order of the report. */
export const signingSides: readonly Side[] = [
  anchor(ANCHOR, "aws-lc", "tonic 0.14.9 with aws-lc-rs 1.19.0, one worker, keys in its process"),
  anchor(
    "tonic-ring",
    "ring",
    "the same with ring 0.17.14, as the server that Gatehouse descends from signs",
  ),
  { ...known("grpc-go"), what: "grpc-go 1.85.0 with Go's crypto, GOMAXPROCS=1" },
  { ...known(OWN), what: "Gatehouse's agent and signer, as the image has them, both on the one core" },
];

/** Prints the CPU time of the bare operations. */
export const BARE = [`${CARGO_BUILT}/anchor-signing`, "bare", "aws-lc"];

export const DEFAULT_OUT = `${CACHE_DIR}/bench/signing.md`;
