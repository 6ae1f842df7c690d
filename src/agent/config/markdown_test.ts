// The reference: complete, fresh in docs/, and its example a working file.
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { loadConfig } from "./config.ts";
import { sections } from "./keys.ts";
import { configReference, defaultsFile } from "./markdown.ts";

describe("the configuration's reference", () => {
  it("is what docs/configuration.md holds", async () => {
    const file = await readFile(new URL("../../../docs/configuration.md", import.meta.url), "utf8");
    expect(file, "run: deno run src/agent/config/reference.ts > docs/configuration.md").toBe(
      configReference(),
    );
  });

  it("documents every key of the loaded configuration with description, default and unit", () => {
    const documented = sections().flatMap(({ keys }) =>
      keys.map((key) => [key.section, key.name].filter(Boolean).join("."))
    );
    const loaded = Object.entries(loadConfig("", "f")).flatMap(([name, value]) => {
      return typeof value === "object" ? Object.keys(value).map((key) => `${name}.${key}`) : [name];
    });
    expect(documented).toEqual(loaded);
    for (const key of sections().flatMap((section) => section.keys)) {
      expect(key.description, key.name).not.toBe("");
      expect(key.byDefault, key.name).toBeDefined();
      if (key.type === "whole number") {
        expect(key.unit, key.name).toBeDefined();
        expect([typeof key.least, typeof key.most], key.name).toEqual(["number", "number"]);
        expect(configReference()).toContain(`${key.least} to ${key.most} ${key.unit}`);
      }
    }
  });

  it("ends with a file that says the defaults", () => {
    expect(loadConfig(defaultsFile(), "f")).toEqual(loadConfig("", "f"));
  });
});
