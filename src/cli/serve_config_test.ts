// What serve writes into the configuration it is given must leave room for what the operator adds.
import { expect, test } from "vitest";
import { loadConfig } from "../agent/config/mod.ts";
import { admitClient, givenConfig } from "./serve_config.ts";

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

test("without a configuration the gateway has a socket beside the state, and a port with TLS", async () => {
  const given = async (flags: object, tls: boolean) =>
    loadConfig(
      (await givenConfig({ insecureTcp: false, ...flags }, "/state", tls)).toml ?? "",
      "f",
    ).gateway.addresses;
  expect(await given({ listen: ["tcp://127.0.0.1:1"] }, false)).toEqual(["unix:///state/http.sock"]);
  expect(await given({}, true)).toEqual(["unix:///state/http.sock", "tls://127.0.0.1:0"]);
  expect(await given({ gateway: ["tcp://127.0.0.1:0"] }, true)).toEqual(["tcp://127.0.0.1:0"]);
});

test("the hosts of the gateway's certificate are those of its addresses too", async () => {
  const flags = { insecureTcp: false, listen: ["tls://127.0.0.1:1"], gateway: ["tls://192.0.2.1:2"] };
  expect((await givenConfig(flags, "/state", true)).tlsHosts).toEqual(["127.0.0.1", "192.0.2.1"]);
});
