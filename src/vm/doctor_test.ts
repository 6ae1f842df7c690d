import { expect, it } from "vitest";
import { availableMemoryBytes, examine } from "./doctor.ts";
import { commandsFor, type Finding, formatFindings } from "./findings.ts";
import { aptStatus } from "./install.ts";
import { atLeast, versionIn } from "./programs.ts";

it.each([
  ["QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)", "7.2.22"],
  ["mke2fs 1.47.0 (5-Feb-2023)\n\tUsing EXT2FS Library version 1.47.0", "1.47.0"],
  ["sfdisk from util-linux 2.38.1", "2.38.1"],
  ["rustc 1.95.0 (59807616e 2026-04-14)", "1.95.0"],
  ["vhost-device-vsock 0.3.0", "0.3.0"],
  ["no number", undefined],
])("reads the version in %j", (text, version) => {
  expect(versionIn(text)).toBe(version);
});

it("compares versions by number, not by letter", () => {
  expect(atLeast("1.100.0", "1.91")).toBe(true);
  expect(atLeast("1.91", "1.91.0")).toBe(true);
  expect(atLeast("1.90.9", "1.91")).toBe(false);
  expect(atLeast("10.0", "7.2")).toBe(true);
});

it("reads the memory that is available", () => {
  expect(availableMemoryBytes("MemTotal: 10 kB\nMemAvailable:    2048 kB\n")).toBe(2 * 1024 * 1024);
  expect(availableMemoryBytes("")).toBeUndefined();
});

const MISSING: Finding[] = [
  { name: "QEMU", state: "ok", found: "7.2", need: "7.2", fix: { packages: ["qemu-system-x86"] } },
  {
    name: "sfdisk",
    state: "missing",
    found: "none",
    need: "partitions",
    fix: { packages: ["fdisk"], command: "apt-get install fdisk" },
  },
  {
    name: "mke2fs",
    state: "missing",
    found: "none",
    need: "file system",
    fix: { packages: ["e2fsprogs", "fdisk"] },
  },
  { name: "Rust", state: "missing", found: "none", need: "1.91", fix: { command: "install Rust" } },
  {
    name: "VSOCK",
    state: "missing",
    found: "none",
    need: "vsock",
    fix: { command: "x", run: [["cargo", "install", "--root", "/a b"]] },
  },
];

it("one command brings all packages, the rest follow in order", () => {
  const missing = MISSING.filter(({ state }) => state === "missing");
  expect(commandsFor(missing, 0)).toEqual([
    "apt-get install -y --no-install-recommends e2fsprogs fdisk",
    "install Rust",
    "cargo install --root '/a b'",
  ]);
  expect(commandsFor(missing, 1000)[0]).toMatch(/^sudo apt-get/);
});

it("the table names what is missing and what brings it, and nothing to do when nothing is", () => {
  const text = formatFindings(MISSING);
  expect(text).toMatch(/^MISSING +sfdisk +none +partitions$/m);
  expect(text).toMatch(/^ok +QEMU +7\.2$/m);
  expect(text).toContain("e2fsprogs fdisk");
  expect(formatFindings(MISSING.slice(0, 1))).not.toContain("install");
});

it("apt's status lines become progress, its talk doesn't", () => {
  expect(aptStatus("dlstatus:1:50.0:Retrieving file 1 of 2")).toEqual({
    detail: "Retrieving file 1 of 2",
    fraction: 0.25,
  });
  expect(aptStatus("pmstatus:libc6:amd64:60.0:Unpacking libc6")).toEqual({
    detail: "Unpacking libc6",
    fraction: 0.8,
  });
  expect(aptStatus("pmstatus:fdisk:100.0:Installed fdisk (amd64)")).toEqual({
    detail: "Installed fdisk (amd64)",
    fraction: 1,
  });
  expect(aptStatus("Reading package lists...")).toBeUndefined();
});

it("every row of this machine says what was found and what is needed", async () => {
  const findings = await examine(Deno.cwd());
  expect(findings.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["QEMU", "KVM", "VSOCK", "Rust", "disk", "memory"]),
  );
  for (const { found, need, state, fix } of findings) {
    expect(found).not.toBe("");
    expect(need).not.toBe("");
    if (state === "missing") expect(fix?.command).toBeTruthy();
  }
});
