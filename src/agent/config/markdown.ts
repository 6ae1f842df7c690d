// The configuration's documentation as Markdown, from the schema.
// Must never say what the schema does not.
import { toml } from "./explain.ts";
import { type KeyDoc, type SectionDoc, sections } from "./keys.ts";

const HEAD = `# Configuration

One TOML file. Every key may be left out, and so may the file. \`gatehouse config check FILE\` names the line and
the reason of whatever is wrong with it. An unknown key is refused.

This page is made from the schema by \`deno run src/agent/config/reference.ts > docs/configuration.md\`.
`;

/** Markdown documentation of every key, and at its end a file that says all the defaults. */
export function configReference(): string {
  const parts = [
    HEAD,
    ...sections().map(sectionText),
    `## All defaults as a file\n\n\`\`\`toml\n${defaultsFile()}\`\`\`\n`,
  ];
  return parts.join("\n");
}

/** A file that sets every key to its default. */
export function defaultsFile(): string {
  return sections().map(({ name, keys }) => {
    const lines = keys.map((key) => `${key.name} = ${toml(key.byDefault)}\n`).join("");
    return name === "" ? lines : `[${name}]\n${lines}`;
  }).join("\n");
}

function sectionText({ name, description, keys }: SectionDoc): string {
  const title = name === "" ? "## Top of the file" : `## [${name}]\n\n${description}`;
  const lists = keys.map((key) => key.fields === undefined ? "" : fieldsText(key, key.fields));
  return `${title}\n\n${tableText(keys)}${lists.join("")}`;
}

/** What each table of a list holds. */
function fieldsText(key: KeyDoc, fields: readonly KeyDoc[]): string {
  return `\n### [[${key.section}.${key.name}]]\n\n${tableText(fields)}`;
}

function tableText(keys: readonly KeyDoc[]): string {
  const rows = keys.map((key) => {
    const byDefault = key.byDefault === undefined ? "must be there" : `\`${toml(key.byDefault)}\``;
    return `| \`${key.name}\` | ${allowedText(key)} | ${byDefault} | ${cell(key.description)} |\n`;
  });
  return `| key | value | default | what it does |\n|---|---|---|---|\n${rows.join("")}`;
}

function allowedText(key: KeyDoc): string {
  if (key.choices !== undefined) return key.choices.map((choice) => `\`"${choice}"\``).join(", ");
  if (key.type === "whole number") return `${key.least} to ${key.most} ${key.unit}`;
  if (key.type === "number") return `${key.least} to ${key.most}`;
  if (key.type === "list of text") return `list of ${key.least ?? 0} to ${key.most} texts`;
  if (key.type === "list of tables") return `up to ${key.most} tables`;
  return key.type === "text" && key.example !== undefined ? `text, like \`${toml(key.example)}\`` : key.type;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
