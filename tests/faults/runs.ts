// The fault runs in their long forms, as a list to read. What they found last is in docs/security.md.

export interface FaultRun {
  readonly name: string;
  readonly what: string;
  /** On two cores that do nothing else. */
  readonly minutes: number;
  /** Where `./gatehouse test` runs the short form: a stage's name, and "same" when that is all of it. */
  readonly short: string;
  /** Each must end with 0. "deno" is the Deno that runs this; cargo's run in dataplane/. */
  readonly commands: readonly (readonly string[])[];
}

const cargoTest = (file: string, ...tests: string[]) => [
  ...["cargo", "test", "--release", "--locked", "--quiet", "-p", "gatehouse-signer", "--test", file],
  ...["--", "--include-ignored", "--nocapture", "--test-threads=1", ...tests],
];
const script = (
  file: string,
  ...args: string[]
) => ["deno", "run", "--quiet", "-A", `tests/faults/${file}`, ...args];
const SIGNER = ["cargo", "build", "--release", "--locked", "--quiet", "--bin", "gatehouse-signer"];

export const RUNS: readonly FaultRun[] = [
  {
    name: "kill-signer",
    what: "kill -9 of the signer's program, 1,000 times, while three callers make, rotate and destroy keys",
    minutes: 5,
    short: "faults",
    commands: [SIGNER, script("kill_signer.ts", "--rounds", "1000")],
  },
  {
    name: "kill-store",
    what: "the same of a program that is all store, whose next change is known",
    minutes: 3,
    short: "rust",
    commands: [cargoTest("durability", "--exact", "kill::a_thousand_kills")],
  },
  {
    name: "kill-vm",
    what:
      "kill -9 of a VM, 20 times, while three administrators do the same over VSOCK; goes on where it stopped",
    minutes: 20,
    short: "vm",
    commands: [script("kill_vm.ts", "--kills", "20")],
  },
  {
    name: "power-cut",
    what:
      "the recorded writes and syncs of the store, cut at every sync: unsynced dropped, torn, out of order",
    minutes: 5,
    short: "rust",
    commands: [cargoTest("durability", "--exact", "crash::no_acknowledged_change_is_lost_in_a_long_run")],
  },
  {
    name: "missing-sync",
    what: "the same with one kind of sync left out, which must be found; and a migration cut everywhere",
    minutes: 1,
    short: "rust, same",
    commands: [
      cargoTest(
        "durability",
        "--exact",
        "crash::a_store_with_one_sync_left_out_is_found_out",
        "crash::a_migration_survives_a_power_cut_anywhere",
      ),
    ],
  },
  {
    name: "bit-flips",
    what:
      "10,000 single flipped bits in a store of two files, and 10,000 in one that lost its copy; then 2,000 " +
      "of each through the signer's program",
    minutes: 12,
    short: "rust",
    commands: [
      cargoTest("durability", "--exact", "flips::ten_thousand_flipped_bits"),
      cargoTest("program", "--exact", "damage::thousands_of_flipped_bits"),
    ],
  },
  {
    name: "disk",
    what:
      "a disk that is full, read-only or fails at any call of a change; of the store, and as callers see it",
    minutes: 1,
    short: "rust, same",
    commands: [cargoTest("durability", "--skip", "small_disk", "faults::", "callers::")],
  },
  {
    name: "small-disk",
    what: "a file system of 8 MiB that is really full, and one that is mounted read-only; as root",
    minutes: 1,
    short: "faults, same",
    commands: [SIGNER, script("small_disk.ts")],
  },
  {
    name: "restart",
    what: "kill -9 of the signer under load: calls in flight answered or UNAVAILABLE, back within a second",
    minutes: 1,
    short: "serve, same",
    commands: [
      ["cargo", "build", "--release", "--locked", "--quiet", "--bins"],
      ["deno", "run", "--quiet", "-A", "npm:vitest", "run", "tests/serve/signer_restart_test.ts"],
    ],
  },
  {
    name: "overload",
    what: "ten times as much RSA-4096 as can be done: what is still of use, and what becomes of the rest",
    minutes: 2,
    short: "rust",
    commands: [["deno", "run", "--quiet", "-A", "tests/bench/overload.ts"]],
  },
];
