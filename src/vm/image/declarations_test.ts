import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { list, parseInstall, parsePresets, parseSuites } from "./declarations.ts";
import { presetLinks } from "./overlay.ts";

const image = new URL("../../../image/", import.meta.url);
const read = (name: string) => readFileSync(new URL(name, image), "utf8");

describe("list files", () => {
  it("lose comments and blank lines, but keep a # inside a word", () => {
    expect(list("# head\n\n  a  # why\nb#c\n#d\n")).toEqual(["a", "b#c"]);
  });
});

describe("image/suites", () => {
  it("names suite, component and archive", () => {
    expect(parseSuites("trixie main archive\ntrixie-security main security # fixes\n")).toEqual([
      { name: "trixie", component: "main", archive: "archive" },
      { name: "trixie-security", component: "main", archive: "security" },
    ]);
  });

  it("is refused by line when a line has another shape", () => {
    expect(() => parseSuites("trixie main archive\n\ntrixie main elsewhere\n")).toThrow(
      /image\/suites, line 3/,
    );
  });
});

describe("image/presets", () => {
  it("is refused by line when a line is no enable, mask or alias of a unit", () => {
    for (const bad of ["start a.service", "enable a", "mask a.service b.service", "alias a.target"]) {
      expect(() => parsePresets(`# x\n${bad}`), bad).toThrow(/line 2/);
    }
  });

  it("becomes the links that systemctl would make", () => {
    const units = new Map([[
      "a.service",
      "[Unit]\n[Install]\nWantedBy=multi-user.target x.target\nAlias=b.service\n",
    ]]);
    const presets = parsePresets("enable a.service\nmask c.socket\nalias d.target e.target\n");
    expect(presetLinks(presets, units)).toEqual([
      ["etc/systemd/system/multi-user.target.wants/a.service", "/usr/lib/systemd/system/a.service"],
      ["etc/systemd/system/x.target.wants/a.service", "/usr/lib/systemd/system/a.service"],
      ["etc/systemd/system/b.service", "/usr/lib/systemd/system/a.service"],
      ["etc/systemd/system/c.socket", "/dev/null"],
      ["etc/systemd/system/d.target", "/usr/lib/systemd/system/e.target"],
    ]);
  });

  it("is refused when it enables a unit that nothing would start", () => {
    expect(() => presetLinks(parsePresets("enable a.service"), new Map([["a.service", "[Unit]\n"]]))).toThrow(
      /nothing would start/,
    );
  });

  it("reads WantedBy= in [Install] alone", () => {
    expect(
      parseInstall("[Service]\nWantedBy=no.target\n[Install]\nWantedBy = a.target\n[X]\nWantedBy=no.target\n")
        .wantedBy,
    ).toEqual([
      "a.target",
    ]);
  });
});

describe("the image's own files", () => {
  it("enable and mask units without contradiction", () => {
    const presets = parsePresets(read("presets"));
    const names = presets.map((preset) => preset.unit);
    expect(new Set(names).size).toBe(names.length);
    const units = new Map(readdirSync(new URL("units/", image)).map((name) => [name, read(`units/${name}`)]));
    const places = presetLinks(presets, units).map(([place]) => place);
    expect(new Set(places).size).toBe(places.length);
    // A service whose path unit is enabled is started by that.
    const startedBy = (name: string) =>
      units.has(name.replace(".service", ".path")) ? name.replace(".service", ".path") : name;
    for (const name of units.keys()) expect(names, `${name} in presets`).toContain(startedBy(name));
  });

  it("give Deno named permissions only, and never the right to run a program or load code", () => {
    const agent = read("units/gatehouse-agent.service");
    expect(agent).toMatch(/--no-prompt/);
    expect(agent).not.toMatch(/\s(-A|--allow-all)\b/);
    expect(agent).not.toMatch(/--allow-(run|ffi|import|env)/);
    // Of the system only what a profile of itself takes: tests/image shows that no debugger gets in by it.
    expect(agent.match(/--allow-sys\S*/g)).toEqual(["--allow-sys=inspector"]);
    for (const [, name, value] of agent.matchAll(/--allow-([a-z]+)(\S*)/g)) {
      expect(value, `--allow-${name}`).toMatch(/^=\S+/);
    }
  });

  it("leave no shell, interpreter or login program", () => {
    const kept = list(read("programs"));
    for (
      const name of ["sh", "bash", "dash", "perl", "mawk", "login", "agetty", "su", "sulogin", "dpkg", "tar"]
    ) {
      expect(kept).not.toContain(name);
    }
  });

  it("mount the root read-only and let a panic end the machine", () => {
    const words = list(read("kernel-command-line"));
    expect(words).toEqual(expect.arrayContaining(["ro", "panic=-1", "console=ttyS0"]));
  });
});
