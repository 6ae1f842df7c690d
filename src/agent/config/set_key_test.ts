// However a section is written: the key has the new value, and everything else means what it meant.
import { expect, test } from "vitest";
import { loadConfig } from "./config.ts";
import { setKey } from "./set_key.ts";

test.each<[form: string, text: string]>([
  ["an empty file", ""],
  ["a file without the section", "[log]\nlevel = 'warn'"],
  ["a comment at the end", "compat = 'seed' # end"],
  ["a section without the key", "[listen] # [x]\nproxied = ['unix:///a']\n[log]\nlevel = 'warn'\n"],
  ["a section at the very end", "[log]\nlevel = 'warn'\n[listen]"],
  ["the key itself, over several lines", "[listen]\naddresses = [\n 'unix:///a', # one\n]\nproxied = []\n"],
  ["a dotted key", "listen.addresses = ['unix:///a']\n[log]\nlevel='warn'\n"],
  ["another dotted key", "compat='seed'\nlisten.proxied = ['unix:///a']\n[log]\nlevel='warn'\n"],
  ["an inline table", "listen = { proxied = ['unix:///a'] }\ncompat = 'seed'\n"],
  ["an inline table with the key", "listen = {addresses=['unix:///a'],proxied=[]}\n"],
  ["an empty inline table", "listen = {}\n"],
  ["quoted keys and Windows' line ends", '"listen"."addresses" = ["unix:///a"]\r\n[log]\r\nlevel="warn"\r\n'],
  ["a table of that name in a list", "[[access.identities]]\nsan = 'dns:a.example'\n[log]\nlevel = 'warn'\n"],
])("%s", (_form, text) => {
  const before = loadConfig(text, "f");
  const after = setKey(text, "listen", "addresses", '["unix:///new"]');
  const expected = { ...before, listen: { ...before.listen, addresses: ["unix:///new"] } };
  expect(loadConfig(after, "f"), after).toEqual(expected);
});
