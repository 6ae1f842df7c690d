import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { compareLock, describeDrift, formatLock, type Lock, parseLock, pins, refuseDrift } from "./lock.ts";

const SHA = "a".repeat(64);
const OTHER = "b".repeat(64);

function lock(...packages: [name: string, version: string, sha256?: string][]): Lock {
  return {
    packages: packages.map(([name, version, sha256]) => ({
      name,
      version,
      architecture: "amd64",
      sha256: sha256 ?? SHA,
    })),
  };
}

describe("comparing with the lock", () => {
  it("finds nothing when name, version and content agree, in whatever order", () => {
    expect(compareLock(lock(["a", "1"], ["b", "2"]), lock(["b", "2"], ["a", "1"]))).toEqual([]);
  });

  it("names a package of another version", () => {
    expect(compareLock(lock(["a", "1"]), lock(["a", "2"]))).toEqual([{
      name: "a",
      locked: "1",
      installed: "2",
    }]);
  });

  it("names packages that came and that went", () => {
    expect(compareLock(lock(["a", "1"]), lock(["b", "1"]))).toEqual([
      { name: "a", locked: "1" },
      { name: "b", installed: "1" },
    ]);
  });

  it("names a package whose version stayed and whose content changed", () => {
    const drift = compareLock(lock(["a", "1"]), lock(["a", "1", OTHER]));
    expect(drift).toEqual([{ name: "a", locked: "1", installed: "1", content: true }]);
    expect(describeDrift(drift[0])).toMatch(/other content/);
  });
});

describe("--locked", () => {
  it("takes no drift for granted", () => {
    expect(() => refuseDrift([])).not.toThrow();
    expect(() => refuseDrift([{ name: "libc6", locked: "1", installed: "2" }])).toThrow(
      /libc6: locked at 1, 2 installed/,
    );
  });

  it("names the first differences and counts the rest", () => {
    const many = Array.from({ length: 20 }, (_, index) => ({ name: `p${index}`, installed: "1" }));
    expect(() => refuseDrift(many)).toThrow(/and 12 more/);
  });
});

describe("the lock file", () => {
  it("survives writing and reading, sorted, a package a line", () => {
    const text = formatLock(lock(["bb", "1:2.0~rc1+deb13u1"], ["aa", "1"]));
    expect(parseLock(text).packages.map((entry) => entry.name)).toEqual(["aa", "bb"]);
    expect(text.split("\n").filter((line) => line.includes("sha256"))).toHaveLength(2);
  });

  it("is refused with the place of what is wrong", () => {
    expect(() => parseLock("{")).toThrow(/lock\.json can't be understood/);
    expect(() => parseLock(`{"packages":[{"name":"aa","version":"1","architecture":"amd64","sha256":"x"}]}`))
      .toThrow(/packages\.0\.sha256/);
    // A version goes into apt's preferences: no line of its own may come in by it.
    expect(() => parseLock(JSON.stringify(lock(["aa", "1\nPackage: *"])))).toThrow(/packages\.0\.version/);
  });

  it("in the repository is whole, and has the kernel of the image", () => {
    const { packages } = parseLock(
      readFileSync(new URL("../../../image/lock.json", import.meta.url), "utf8"),
    );
    expect(packages.length).toBeGreaterThan(50);
    expect(packages.map((entry) => entry.name)).toContain("linux-image-cloud-amd64");
  });

  it("becomes pins that outrank every newer version", () => {
    expect(pins(lock(["libc6", "2.41-12"]))).toBe(
      "Package: libc6\nPin: version 2.41-12\nPin-Priority: 1001\n",
    );
  });
});
