// One key of a configuration's text set to another value, with all other text left as it is.
// Must never be given a text that doesn't parse.
import { type AST, parseTOML } from "toml-eslint-parser";

/**
 * @param value as TOML
 * @example
 * ```ts
 * setKey("[listen] # here\n", "listen", "addresses", '["unix:///run/x"]'); // '[listen] # here\naddresses = ["unix:///run/x"]\n'
 * ```
 */
export function setKey(text: string, section: string, key: string, value: string): string {
  const put = (at: number, inserted: string, end = at) => text.slice(0, at) + inserted + text.slice(end);
  const top = parseTOML(text, { tomlVersion: "1.0" }).body[0].body;
  const tables = top.filter((node) => node.type === "TOMLTable");
  const pairs = top.filter((node) => node.type === "TOMLKeyValue");
  const table = tables.find((node) => node.resolvedKey.length === 1 && node.resolvedKey[0] === section);
  const inline = pairs.find((node) => pathOf(node).join("\0") === section)?.value;

  const found = pairs.find((node) => pathOf(node).join("\0") === `${section}\0${key}`) ??
    table?.body.find((node) => pathOf(node).join("\0") === key) ??
    (inline?.type === "TOMLInlineTable"
      ? inline.body.find((node) => pathOf(node).join("\0") === key)
      : undefined);
  if (found !== undefined) return put(found.value.range[0], value, found.value.range[1]);
  if (inline?.type === "TOMLInlineTable") {
    return put(inline.range[0] + 1, ` ${key} = ${value}${inline.body.length > 0 ? "," : " "}`);
  }
  const dotted = pairs.find((node) => pathOf(node)[0] === section);
  if (dotted !== undefined) return put(dotted.range[0], `${section}.${key} = ${value}\n`);
  if (table !== undefined) {
    const end = text.indexOf("\n", table.key.range[1]);
    return end < 0 ? `${text}\n${key} = ${value}\n` : put(end + 1, `${key} = ${value}\n`);
  }
  const gap = text === "" || text.endsWith("\n") ? "" : "\n";
  return `${text}${gap}[${section}]\n${key} = ${value}\n`;
}

function pathOf(node: AST.TOMLKeyValue): string[] {
  return node.key.keys.map((part) => part.type === "TOMLBare" ? part.name : part.value);
}
