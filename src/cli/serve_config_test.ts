// What serve writes into the configuration it is given must leave room for what the operator adds.
import { expect, test } from "vitest";
import { loadConfig } from "../agent/config/mod.ts";
import { admitClient } from "./serve_config.ts";

const admit = (toml: string | undefined) =>
  admitClient({ toml, fileName: "f.toml", tlsHosts: ["localhost"] }, "cli.gatehouse").toml ?? "";
const more = '\n[[access.identities]]\nsan = "dns:ci.example"\n';
const sans = (toml: string) => loadConfig(toml, "f.toml").access.identities.map(({ san }) => san);

test.each([
  ["no text", undefined],
  ["a text that ends in the middle of a line", '[log]\nlevel = "warn"'],
  ["a table of the same name", "[access]\ndefault_keys = []\n"],
])("behind %s the client's entry can be followed by others", (_name, toml) => {
  expect(sans(admit(toml) + more)).toEqual(["dns:cli.gatehouse", "dns:ci.example"]);
});

test.each(["access = { identities = [] }\n", "[access]\nidentities = []\n"])(
  "where the text has the key already, the entry is put there: %j",
  (toml) => expect(sans(admit(toml))).toEqual(["dns:cli.gatehouse"]),
);

test("a text that says who may what is left as it is", () => {
  expect(admit(more)).toBe(more);
  expect(admit('[access]\ndefault_keys = ["a"]\n')).toBe('[access]\ndefault_keys = ["a"]\n');
});
