import { describe, expect, it } from "vitest";
import { explain } from "./base.ts";
import { debFileName, parseStatus } from "./dpkg_status.ts";
import { removals } from "./root_tree.ts";
import { ToolFailed } from "./run.ts";
import { archivesOf, parseTargets, sourceLines } from "./sources.ts";

describe("the mirror", () => {
  it("is the first Debian one that apt knows, whatever else it knows", () => {
    const targets = [
      "Node|Node|https://elsewhere.example/node_20.x/",
      "Debian|Debian|http://near.example/debian/",
      "Debian|Debian|http://other.example/debian/",
      "Debian|Debian-Security|http://near.example/fixes/",
    ];
    expect(parseTargets(targets.join("\n"))).toEqual({
      archive: "http://near.example/debian",
      security: "http://near.example/fixes",
    });
  });

  it("is unknown on a machine of another distribution, or without one", () => {
    expect(parseTargets("Ubuntu|Ubuntu|http://near.example/ubuntu/\n")).toBeUndefined();
    expect(parseTargets("")).toBeUndefined();
  });

  it("named by hand must be an address", () => {
    expect(archivesOf("http://m.example/debian/")).toEqual({
      archive: "http://m.example/debian",
      security: "http://m.example/debian-security",
    });
    for (const bad of ["m.example", "ftp://m.example/debian", "http://a b"]) {
      expect(() => archivesOf(bad), bad).toThrow(/no address/);
    }
  });

  it("is verified by the archive's keyring in every source", () => {
    const lines = sourceLines(
      [{ name: "x", component: "main", archive: "archive" }, {
        name: "x-security",
        component: "main",
        archive: "security",
      }],
      { archive: "http://m.example/d", security: "http://m.example/s" },
      "/k.gpg",
    );
    expect(lines).toEqual([
      "deb [signed-by=/k.gpg] http://m.example/d x main",
      "deb [signed-by=/k.gpg] http://m.example/s x-security main",
    ]);
  });
});

describe("dpkg's status", () => {
  const status = [
    "Package: b\nStatus: install ok installed\nVersion: 1:2\nArchitecture: amd64\nDescription: x\n Version: 9",
    "Package: a\nStatus: install ok installed\nVersion: 3\nArchitecture: all",
    "Package: gone\nStatus: deinstall ok config-files\nVersion: 1\nArchitecture: all",
  ].join("\n\n");

  it("gives what is installed, by name", () => {
    expect(parseStatus(status)).toEqual([
      { name: "a", version: "3", architecture: "all" },
      { name: "b", version: "1:2", architecture: "amd64" },
    ]);
  });

  it("leads to the file's name in apt's cache, epoch and all", () => {
    expect(debFileName({ name: "b", version: "1:2~x+y", architecture: "amd64" })).toBe(
      "b_1%3a2~x+y_amd64.deb",
    );
  });
});

describe("what is taken out of the base layer", () => {
  const members = [
    "./",
    "./usr/bin/[",
    "./usr/bin/sh",
    "./usr/bin/kmod",
    "./usr/sbin/su",
    "./boot/",
    "./boot/a",
    "./boot/b/c",
    "./etc/x-",
    "./etc/x-/y",
    "",
  ];

  it("is every program that is not named, and what the paths say", () => {
    expect(removals(members, "boot/*\netc/*-\n", "kmod\n")).toEqual([
      "usr/bin/[",
      "usr/bin/sh",
      "usr/sbin/su",
      "boot/a",
      "etc/x-",
    ]);
  });

  it("never is the root itself", () => {
    expect(removals(members, "*\n", "")).not.toContain("");
  });
});

describe("mmdebstrap's failures", () => {
  const failed = (...lines: string[]) => explain(new ToolFailed("mmdebstrap", 25, lines));

  it("say what to do about a full disk, a network out of reach and missing name spaces", () => {
    expect(failed("E: write error: No space left on device").code).toBe("disk-full");
    const network = failed(
      "Err:1 http://m.example/debian trixie InRelease",
      "  Could not resolve 'm.example'",
      "E: apt-get update failed",
    );
    expect(network.message).toMatch(/mirror could not be reached/);
    expect(network.next).toMatch(/GATEHOUSE_DEBIAN_MIRROR/);
    expect(failed("E: cannot find newuidmap").next).toMatch(/uidmap/);
  });

  it("otherwise repeat the last lines", () => {
    expect(failed("Setting up x", "dpkg: error processing package x").message).toMatch(
      /error processing package x/,
    );
  });
});
